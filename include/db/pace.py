"""One pace for one token, whatever runs use it: the database gives out the moments at which a call may begin."""

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from include.db.connection import connect
from include.db.statements import run

AT_ONCE = 4  # calls of one token, over all runs
TOLERANCE = 1.02  # threads wake late; a little more room keeps every second's count within the limit
RESERVE_SECONDS = 0.2  # of calls are reserved at a time, one at least: a fast test server needs no statement a call


class SharedPace:
    """At most ``per_second`` calls a second and AT_ONCE at a time with one token, over all processes."""

    def __init__(self, dsn: str, token: str, per_second: float) -> None:
        self._dsn = dsn
        # the token's hash: a token is a secret, and two merchants may share one
        self._key = hashlib.blake2b(token.encode(), digest_size=16).hexdigest()
        self._apart = TOLERANCE / per_second
        self._share = max(1, int(RESERVE_SECONDS * per_second))
        self._lock = threading.Lock()
        self._left = 0
        self._next = self._earliest = 0.0

    def __enter__(self) -> Self:
        self._conn = connect(self._dsn, application="qaitarym pace")
        self._conn.autocommit = True
        # whose turn it was is worth nothing after a crash
        self._conn.execute("set synchronous_commit = off")
        return self

    def __exit__(self, *_: object) -> None:
        self._conn.close()  # what lanes are still held end with the session

    def wait(self) -> None:
        """Sleep until the next call may begin."""
        with self._lock:
            if self._left == 0:
                row = run(self._conn, "ops/pace", token_key=self._key, seconds=self._apart * self._share).fetchone()
                assert row is not None
                self._left, self._next = self._share, time.monotonic() + row["wait_seconds"]
            self._left -= 1
            pause = max(self._next, self._earliest) - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            # one that woke late moves those after it: else they would come too close behind
            self._earliest = time.monotonic() + self._apart
            self._next += self._apart

    @contextmanager
    def lane(self) -> Iterator[None]:
        """Hold one of the token's AT_ONCE lanes; wait while all are taken. A dead process holds none."""
        while True:
            with self._lock:
                row = run(self._conn, "ops/pace__lane", token_key=self._key, lanes=AT_ONCE).fetchone()
            if row is not None:
                break
            time.sleep(0.1)
        try:
            yield
        finally:
            with self._lock:
                run(self._conn, "ops/pace__leave", token_key=self._key, lane=row["lane"])
