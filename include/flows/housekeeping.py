"""The night's work: events that waited too long, contacts past their time, balance, dashboard, invariants."""

import logging

from include.clock import almaty_day
from include.db.connection import connect
from include.db.lease import hold
from include.db.statements import run as run_statement
from include.flows import batch, claims, dashboard, discrepancies, ledger
from include.flows.run import Run

log = logging.getLogger(__name__)


def tidy(dsn: str, run: Run, owner: str) -> dict[str, int]:
    """Erase contacts past their time, then do the night's work for every active merchant; return what was done."""
    done = {"inbox_expired": 0, "contacts_erased": 0, "windows_forgotten": 0, "claims_lost": 0}
    with connect(dsn) as conn:
        with hold(conn, f"{run.dag_id}:contacts", owner) as lease, lease.transaction():
            done["contacts_erased"] = run_statement(conn, "core/contact__erase", now=run.now).rowcount
            run_statement(conn, "ops/notice__forget")
        merchants = [row["merchant_id"] for row in run_statement(conn, "core/merchant__active").fetchall()]
        conn.commit()
        for merchant_id in merchants:
            with (
                batch.merchant_part(conn, run, merchant_id),
                hold(conn, f"{discrepancies.FLOW}:{merchant_id}", owner) as lease,
                lease.transaction(),
            ):
                discrepancies.refresh(conn, run, merchant_id)  # before the balance: what it declares lost is in it
            with (
                batch.merchant_part(conn, run, merchant_id),
                hold(conn, f"{run.dag_id}:{merchant_id}", owner) as lease,
                lease.transaction(),
            ):
                batch.open_batch(conn, run, merchant_id)
                done["inbox_expired"] += ledger.expire(conn, merchant_id, run.now)
                done["windows_forgotten"] += run_statement(
                    conn, "ops/fetch_window__forget", merchant_id=merchant_id, now=run.now
                ).rowcount
                if not batch.overtaken(conn, run, merchant_id):  # what was known on a past day is not rewritten
                    run_statement(
                        conn,
                        "mart/balance_daily",
                        merchant_id=merchant_id,
                        known_on=almaty_day(run.now),
                        now=run.now,
                    )
                    done["claims_lost"] += claims.refresh_merchant(conn, merchant_id, run.now)["lost"]
                batch.staged(conn, run, merchant_id, 0)
    done["units_counted"] = dashboard.refresh(
        dsn, run, owner
    )  # what was declared lost, and sold since the last receipts
    log.info("done: %s", done)
    return done


def accept(dsn: str, run: Run) -> int:
    """Close the parts whose invariants hold; the gate has judged them. Return how many."""
    with connect(dsn) as conn:
        merchants = batch.passed(conn, run)
        for merchant_id in merchants:
            batch.published(conn, run, merchant_id)
    return len(merchants)
