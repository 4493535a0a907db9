"""A call that is answered byte by byte: no timeout of a read strikes, so its connection is cut at the deadline."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

LOOKS_EVERY = 0.25  # seconds


class DeadlineAdapter(HTTPAdapter):
    """Knows the connection that its one call at a time is made by, and cuts it when the call's time is over."""

    def __init__(self) -> None:
        self._known = threading.Lock()
        self._connection: HTTPConnection | None = None
        self._until: float | None = None
        self._over = threading.Event()
        self._pools = {
            "http": _pool(HTTPConnectionPool, HTTPConnection, self),
            "https": _pool(HTTPSConnectionPool, HTTPSConnection, self),
        }
        super().__init__()
        self._looks = threading.Thread(target=self._look, name="deadline", daemon=True)
        self._looks.start()

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        """Make the pool of direct connections."""
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *args: Any, **more: Any) -> Any:
        """Return the pool of connections by way of a proxy."""
        manager = super().proxy_manager_for(*args, **more)
        manager.pool_classes_by_scheme = self._pools
        return manager

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Cut the connection by which a call is made in here once ``seconds`` are over: the call raises then."""
        with self._known:
            self._connection, self._until = None, time.monotonic() + seconds
        try:
            yield
        finally:
            with self._known:
                self._connection = self._until = None

    def used(self, connection: HTTPConnection) -> None:
        """Remember that the call is made by this connection."""
        with self._known:
            self._connection = connection

    def close(self) -> None:
        """End the thread that looks at the clock, and the pools."""
        self._over.set()
        super().close()

    def _look(self) -> None:
        while not self._over.wait(LOOKS_EVERY):
            with self._known:
                late = self._until is not None and time.monotonic() > self._until
                cut = getattr(self._connection, "sock", None) if late else None
                if isinstance(cut, socket.socket):
                    _shut(cut)


def _shut(cut: socket.socket) -> None:
    with suppress(OSError):  # it may be closed already
        # an encrypted socket would forget its state while the other thread reads by it
        socket.socket.shutdown(cut, socket.SHUT_RDWR)


def _pool(pool: type[Any], connection: type[Any], adapter: DeadlineAdapter) -> type[Any]:
    class Known(connection):
        def request(self, *args: Any, **more: Any) -> Any:
            adapter.used(self)
            return super().request(*args, **more)

    class Pool(pool):
        ConnectionCls = Known

    return Pool
