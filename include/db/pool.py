"""A handful of database connections, opened when they are needed and thrown away when they break.

A connection that has worked before answers several times faster than a new one: it knows the tables.
"""

import queue
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from include.db.connection import Connection, connect

KEPT = 2  # databases of one process that keep their connections


class Pool:
    """At most ``size`` connections; a caller waits up to ``wait_seconds`` for one."""

    def __init__(self, dsn: str, *, application: str = "qaitarym", size: int = 4, wait_seconds: float = 5) -> None:
        self._dsn = dsn
        self._application = application
        self._wait_seconds = wait_seconds
        self._closed = False
        self._free: queue.LifoQueue[Connection | None] = queue.LifoQueue(size)
        for _ in range(size):
            self._free.put(None)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Lend a connection and commit at the end; raises psycopg.OperationalError where there is none to be had."""
        try:
            conn = self._free.get(timeout=self._wait_seconds)
        except queue.Empty:
            raise psycopg.OperationalError(f"all connections of {self._application} are busy") from None
        try:
            if conn is None or not _alive(conn):
                conn = connect(self._dsn, application=self._application)
            yield conn
            conn.commit()
        except BaseException:
            # A connection that saw an error may be dead: the next request opens a new one.
            if conn is not None:
                conn.close()
            conn = None
            raise
        finally:
            if conn is not None and self._closed:
                conn.close()
                conn = None
            self._free.put(conn)

    def close(self) -> None:
        """Close what is idle, and what is lent as soon as it comes back."""
        self._closed = True
        while not self._free.empty():
            if conn := self._free.get_nowait():
                conn.close()


def _alive(conn: Connection) -> bool:
    """Tell whether an idle connection still reaches its server, which may have been restarted since."""
    try:
        conn.autocommit = True
        conn.execute("")
        conn.autocommit = False
    except psycopg.Error:
        conn.close()
    return not conn.closed


class Pools:
    """A pool for each database that is asked for; the one that was not asked for longest is closed."""

    def __init__(self, application: str, size: int) -> None:
        self._application = application
        self._size = size
        self._lock = threading.Lock()
        self._of: OrderedDict[str, Pool] = OrderedDict()

    def of(self, dsn: str) -> Pool:
        """Return the pool of the database at ``dsn``."""
        with self._lock:
            pool = self._of.pop(dsn, None) or Pool(dsn, application=self._application, size=self._size)
            self._of[dsn] = pool
            if len(self._of) > KEPT:
                self._of.popitem(last=False)[1].close()
            return pool
