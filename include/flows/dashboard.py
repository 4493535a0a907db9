"""The sums that the dashboard shows, kept up to date: what each unit counts as, and what that adds up to.

A look takes the units that were touched since the look before (``ops.dashboard_touched``): it subtracts what they
counted as and adds what they count as now. The first one takes all.
"""

import datetime as dt

from include.db.connection import Connection, connect
from include.db.lease import Lease, hold
from include.db.statements import run as run_statement
from include.flows.run import Run

SCOPE = "dashboard"
SUMS = ("flow_weekly", "waiting", "stored", "speed_weekly", "received_cause_weekly", "received_weekly")


def refresh(dsn: str, run: Run, owner: str) -> int:
    """Bring the sums of every merchant up to date; return how many units were looked at."""
    with connect(dsn) as conn:
        merchants = [row["merchant_id"] for row in run_statement(conn, "core/merchant__active")]
        conn.commit()
        return sum(_one(conn, merchant_id, run.now, owner) for merchant_id in merchants)


def rebuild(dsn: str, now: dt.datetime, owner: str, merchant_id: str) -> int:
    """Count every unit of a merchant anew; readers see the old sums until the new ones are there.

    Return how many units there are.
    """
    with connect(dsn) as conn, hold(conn, f"{SCOPE}:{merchant_id}", owner) as lease:
        return _count(lease, merchant_id, now, everything=True)


def _one(conn: Connection, merchant_id: str, now: dt.datetime, owner: str) -> int:
    with hold(conn, f"{SCOPE}:{merchant_id}", owner) as lease:
        return _count(lease, merchant_id, now, everything=False)


def _count(lease: Lease, merchant_id: str, now: dt.datetime, *, everything: bool) -> int:
    with lease.transaction() as conn:
        before = run_statement(conn, "ops/dashboard_look__of", merchant_id=merchant_id).fetchone()
        which = "all" if everything or before is None else "touched"
        run_statement(conn, f"mart/unit_place__{which}", merchant_id=merchant_id)
        run_statement(conn, "mart/unit_place__stage", merchant_id=merchant_id, now=now)
        for table in SUMS:
            run_statement(conn, f"mart/{table}", merchant_id=merchant_id)
        looked = run_statement(conn, "mart/unit_place").fetchone()
        run_statement(conn, "mart/unit_in_question", merchant_id=merchant_id)
        run_statement(conn, "ops/dashboard_look", merchant_id=merchant_id, looked_at=now)
        assert looked is not None
        return int(looked["units"])
