"""Fencing. Airflow runs the same task twice at once now and then; the database decides who may write.

A lease names a scope (``<flow>:<merchant>``) and carries an epoch that only rises. Every writing
transaction checks its epoch, so a writer that was overtaken cannot commit.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg.pq import TransactionStatus

from include.db.connection import Connection
from include.db.statements import run, run_bound

SECONDS = 120
POLL_SECONDS = 0.2  # between two looks of one who waits for a lease


class LeaseLost(RuntimeError):
    """Another run took the scope over; nothing of this transaction was written."""


class LeaseBusy(RuntimeError):
    """Another run holds the scope and did not let go in time."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write one scope until somebody takes it over."""

    conn: Connection
    scope: str
    epoch: int

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Open a transaction that commits only while the lease's epoch is the newest one."""
        with self.conn.transaction():
            renewed = run_bound(self.conn, "ops/lease_renew", scope=self.scope, epoch=self.epoch, seconds=SECONDS)
            if renewed.fetchone() is None:
                raise LeaseLost(f"{self.scope}: epoch {self.epoch} was overtaken; this try stops without writing")
            yield self.conn


@contextmanager
def hold(conn: Connection, scope: str, owner: str, *, wait_seconds: float = 300) -> Iterator[Lease]:
    """Hold ``scope`` for a fetch window or a batch.

    ``owner`` is ``<dag>/<run>/<task>/<map index>#<try>``: an earlier try of the same task instance is overtaken
    at once (never the other way round), anybody else's live lease is waited for. Whoever waits is next: who lets a
    lease go and takes it again comes after him.
    """
    name, _, attempt = owner.partition("#")
    if conn.info.transaction_status != TransactionStatus.IDLE:
        raise RuntimeError(f"{scope}: a lease is taken outside of any transaction, else it would be kept to its end")
    deadline = time.monotonic() + wait_seconds
    while True:
        with conn.transaction():
            row = run(
                conn, "ops/lease_take", scope=scope, owner=name, attempt=int(attempt or 0), seconds=SECONDS
            ).fetchone()
            if row is None:
                run(conn, "ops/lease_wait", scope=scope, owner=name)
        if row is not None:
            break
        if time.monotonic() > deadline:
            raise LeaseBusy(f"{scope} is held by another run for over {wait_seconds:.0f} s; run the task again later")
        time.sleep(POLL_SECONDS)
    lease = Lease(conn, scope, row["epoch"])
    try:
        yield lease
    finally:
        if not conn.closed:
            with conn.transaction():
                run(conn, "ops/lease_release", scope=scope, epoch=lease.epoch)
