"""A handful of database connections, opened when they are needed and thrown away when they break."""

import queue
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from include.db.connection import Connection, connect


class Pool:
    """At most ``size`` connections; a caller waits up to ``wait_seconds`` for one."""

    def __init__(self, dsn: str, *, size: int = 4, wait_seconds: float = 5) -> None:
        self._dsn = dsn
        self._wait_seconds = wait_seconds
        self._free: queue.LifoQueue[Connection | None] = queue.LifoQueue(size)
        for _ in range(size):
            self._free.put(None)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Lend a connection for one transaction; raises psycopg.OperationalError where there is none to be had."""
        try:
            conn = self._free.get(timeout=self._wait_seconds)
        except queue.Empty:
            raise psycopg.OperationalError("all connections of the feed server are busy") from None
        try:
            if conn is None or conn.closed:
                conn = connect(self._dsn, application="qaitarym feed server")
            with conn.transaction():
                yield conn
        except BaseException:
            # A connection that saw an error may be dead: the next request opens a new one.
            if conn is not None:
                conn.close()
            conn = None
            raise
        finally:
            self._free.put(conn)

    def close(self) -> None:
        """Close what is idle."""
        while not self._free.empty():
            if conn := self._free.get_nowait():
                conn.close()
