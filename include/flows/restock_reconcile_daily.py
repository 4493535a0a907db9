"""The daily comparison of what should be on sale, what we publish, what buyers see and what the warehouse counts.

stage (per merchant) → gate → publish. A difference keeps the moment it began, and is a case with money.
"""

import logging

from include.db.connection import connect
from include.db.lease import hold
from include.db.statements import run as run_statement
from include.flows import batch
from include.flows.restock_sync import keep_observations
from include.flows.run import Run
from include.kaspi.offer_observer import ObserverUnreachable, observe

log = logging.getLogger(__name__)


def stage(dsn: str, run: Run, observer_url: str | None, owner: str) -> dict[str, int]:
    """Compare every active merchant's offers; return how many diverge."""
    diverging: dict[str, int] = {}
    with connect(dsn) as conn:
        merchants = [row["merchant_id"] for row in run_statement(conn, "channel/shop")]
        conn.commit()
        for merchant_id in merchants:
            with batch.merchant_part(conn, run, merchant_id):
                batch.open_batch(conn, run, merchant_id)
                conn.commit()
                try:
                    seen = observe(observer_url, merchant_id) if observer_url else []
                except ObserverUnreachable as error:
                    log.warning("%s; the newest observations kept are compared", error)
                    seen = []
                with hold(conn, f"{run.dag_id}:{merchant_id}", owner) as lease, lease.transaction():
                    keep_observations(conn, run, merchant_id, seen)
                    row = run_statement(
                        conn, "mart/stage_offer_sync", **run.key, merchant_id=merchant_id, now=run.now
                    ).fetchone()
                    assert row is not None
                    batch.staged(conn, run, merchant_id, row["offers"])
                    diverging[merchant_id] = row["diverging"]
    return diverging


def publish(dsn: str, run: Run, owner: str) -> int:
    """Show the comparisons that passed the gate; return how many parts."""
    done = 0
    with connect(dsn) as conn:
        merchants = batch.with_status(conn, run, "passed")
        conn.commit()
        for merchant_id in merchants:
            with (
                batch.merchant_part(conn, run, merchant_id),
                hold(conn, f"{run.dag_id}:{merchant_id}", owner) as lease,
                lease.transaction(),
            ):
                run_statement(conn, "mart/offer_sync", **run.key, merchant_id=merchant_id, now=run.now)
                batch.published(conn, run, merchant_id)
                done += 1
    return done
