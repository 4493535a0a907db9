"""Expected against received: every difference is a case with age, money, owner; it closes when the facts arrive."""

from include.db.connection import Connection
from include.db.statements import run as run_statement
from include.domain import identity
from include.domain.unit_life import Event
from include.flows import costs
from include.flows.run import Run


def refresh(conn: Connection, run: Run, merchant_id: str) -> int:
    """Declare lost what is lost, then bring the merchant's differences up to date; return how many are open."""
    rows = run_statement(conn, "ledger/unit__lost", merchant_id=merchant_id, now=run.now).fetchall()
    costs.append(
        conn,
        merchant_id,
        [
            Event(
                identity.event_id("lost", row["unit_id"], row["seq"]),
                row["unit_id"],
                merchant_id,
                "lost",
                run.now,
                "clock",
                "flows/warehouse_receipts_reconcile",
                {},
            )
            for row in rows
        ],
        run.now,
    )
    found = run_statement(conn, "core/discrepancy", merchant_id=merchant_id, now=run.now).fetchone()
    return int(found["open"]) if found else 0
