"""The daily comparison of what should be on sale, what we publish, what buyers see and what the warehouse counts.

stage (per merchant) → gate → publish. A difference keeps the moment it began, and is a case with money.
"""

import logging

from include.db.connection import Connection, connect
from include.db.lease import Lease, hold
from include.db.statements import run as run_statement
from include.flows import batch
from include.flows.merchant_loop import each_merchant
from include.flows.restock_sync import keep_observations, overtaken_by
from include.flows.run import Run
from include.kaspi.offer_observer import Observed, ObserverUnreachable, observe

log = logging.getLogger(__name__)


def stage(dsn: str, run: Run, observer_url: str | None, owner: str) -> dict[str, int]:
    """Compare every active merchant's offers; return how many diverge."""
    with connect(dsn) as conn:
        merchants = [row["merchant_id"] for row in run_statement(conn, "channel/shop")]
    diverging: dict[str, int] = {}

    def part(conn: Connection, merchant_id: str) -> None:
        batch.open_batch(conn, run, merchant_id)
        conn.commit()
        with hold(conn, f"{run.dag_id}:{merchant_id}", owner) as lease:
            diverging[merchant_id] = _stage_merchant(lease, run, merchant_id, observer_url)

    each_merchant(dsn, run, merchants, part)
    return diverging


def publish(dsn: str, run: Run, owner: str) -> int:
    """Show the comparisons that passed the gate; return how many parts."""
    with connect(dsn) as conn:
        merchants = batch.with_status(conn, run, "passed")
    done: list[str] = []

    def part(conn: Connection, merchant_id: str) -> None:
        with hold(conn, f"{run.dag_id}:{merchant_id}", owner) as lease, lease.transaction():
            overtaken = overtaken_by(conn, run, merchant_id)
            if not overtaken:
                run_statement(conn, "mart/offer_sync", **run.key, merchant_id=merchant_id, now=run.now)
            batch.published(conn, run, merchant_id)
        if not overtaken:
            done.append(merchant_id)

    each_merchant(dsn, run, merchants, part)
    return len(done)


def _stage_merchant(lease: Lease, run: Run, merchant_id: str, observer_url: str | None) -> int:
    """Stage the comparison of the present; an older run would stamp it with a time that is over."""
    with lease.transaction() as conn:
        if overtaken_by(conn, run, merchant_id):
            batch.published(conn, run, merchant_id)
            return 0
    seen = _observe(observer_url, merchant_id)
    with lease.transaction() as conn:
        keep_observations(conn, run, merchant_id, seen)
        row = run_statement(conn, "mart/stage_offer_sync", **run.key, merchant_id=merchant_id, now=run.now).fetchone()
        assert row is not None
        batch.staged(conn, run, merchant_id, row["offers"])
        return int(row["diverging"])


def _observe(observer_url: str | None, merchant_id: str) -> list[Observed]:
    """Ask what a buyer sees; without an answer that side of the comparison stays unknown."""
    if not observer_url:
        return []
    try:
        return observe(observer_url, merchant_id)
    except ObserverUnreachable as error:
        log.warning("%s; what buyers see stays unknown in this comparison", error)
        return []
