"""What is asked before a case is opened or a unit is born: how a status is read, and which units were sold before."""

from collections import defaultdict
from uuid import UUID

from include.db.connection import Connection
from include.db.statements import run as run_statement


def return_requested_reading(conn: Connection) -> str:
    """Return how KASPI_DELIVERY_RETURN_REQUESTED is read: undelivered, after_sale or both."""
    row = run_statement(conn, "ops/setting", name="return_requested_reading").fetchone()
    return str(row["value"]) if row else "both"


def sold_before(conn: Connection, merchant_id: str, order_ids: list[str]) -> dict[tuple[str, str], list[UUID]]:
    """Return the returned units that these orders bought, by (order id, entry id): a piece may come back again."""
    found: dict[tuple[str, str], list[UUID]] = defaultdict(list)
    for row in run_statement(conn, "channel/sale__of_orders", merchant_id=merchant_id, order_ids=order_ids):
        found[row["order_id"], row["entry_id"]].append(row["unit_id"])
    return found
