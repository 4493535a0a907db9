"""A run of a flow: what it is called, what time it has, which range it covers."""

import datetime as dt
from dataclasses import dataclass

from include.clock import Clock
from include.db.connection import Connection
from include.db.statements import run as run_statement


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a DAG. ``now`` and the range never change once the first task fixed them."""

    dag_id: str
    run_id: str
    now: dt.datetime
    range_from: dt.datetime | None = None
    range_to: dt.datetime | None = None

    @property
    def key(self) -> dict[str, str]:
        """Return the run's name as SQL parameters."""
        return {"dag_id": self.dag_id, "run_id": self.run_id}


def open_run(
    conn: Connection,
    dag_id: str,
    run_id: str,
    clock: Clock,
    *,
    range_from: dt.datetime | None = None,
    range_to: dt.datetime | None = None,
    steady: bool = False,
) -> Run:
    """Fix a run's clock and range, or return what an earlier try fixed. Raises ValueError for a range without begin.

    A ``steady`` run is no earlier than those of its DAG before it: where the clock has gone back, up to a day, time
    stands still until it has caught up. A run of the past on purpose, a backfill, is not steady.
    """
    if range_to and not range_from:
        raise ValueError(f"the range has an end, {range_to}, and no begin: give `from` too, or neither of them")
    row = run_statement(
        conn,
        "ops/run",
        dag_id=dag_id,
        run_id=run_id,
        now=_no_earlier(conn, dag_id, clock.now()) if steady else clock.now(),
        range_from=range_from,
        range_to=range_to,
    ).fetchone()
    conn.commit()
    assert row is not None
    return Run(dag_id, run_id, row["now_at"], row["range_from"], row["range_to"])


def _no_earlier(conn: Connection, dag_id: str, now: dt.datetime) -> dt.datetime:
    row = run_statement(conn, "ops/run__latest", dag_id=dag_id, now=now).fetchone()
    return max(now, row["now_at"]) if row and row["now_at"] else now
