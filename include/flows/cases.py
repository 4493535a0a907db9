"""Return cases from order statuses, and the ``requested`` birth of every certain piece."""

from collections import defaultdict
from uuid import UUID

from include.db.connection import Connection
from include.db.copying import copy_rows
from include.db.statements import run as run_statement
from include.domain import identity
from include.domain.returns import CANCEL_STATUSES, RETURN_STATUSES, return_kind
from include.domain.unit_life import Event
from include.flows import ledger
from include.flows.run import Run

CASE_COLUMNS = (
    "case_id", "merchant_id", "order_id", "episode", "return_kind", "status", "signal_status", "quantity",
    "units_lo", "units_hi", "requested_from", "requested_to",
)  # fmt: skip


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


def open_cases(conn: Connection, run: Run, merchant_id: str) -> tuple[int, int]:
    """Open or update the cases of the batch's orders, then give birth to what is certain; return both counts."""
    reading = return_requested_reading(conn)
    rows = run_statement(
        conn,
        "core/return_case__signalled",
        **run.key,
        merchant_id=merchant_id,
        return_statuses=sorted(RETURN_STATUSES),
        cancel_statuses=sorted(CANCEL_STATUSES),
    ).fetchall()
    run_statement(conn, "core/stage_return_case")
    copy_rows(
        conn,
        "stage_return_case",
        CASE_COLUMNS,
        (
            (
                identity.case_id(merchant_id, row["order_id"], row["episode"]), merchant_id, row["order_id"],
                row["episode"],
                return_kind(
                    row["status"], row["cancellation_reason"], completed_seen=row["completed_seen"],
                    application=row["application_number"] is not None,
                    reading=reading,
                ).value,
                "signalled", row["status"], row["quantity"], row["units_lo"], row["units_hi"],
                row["requested_from"], row["requested_to"],
            )
            for row in rows
        ),
    )  # fmt: skip
    cases = run_statement(conn, "core/return_case").rowcount
    run_statement(conn, "core/return_case__withdrawn", **run.key, merchant_id=merchant_id, now=run.now)
    _adoptions(conn, run, merchant_id)
    births = _births(conn, run, merchant_id)
    _withdrawals(conn, run, merchant_id)
    return cases, births


def _adoptions(conn: Connection, run: Run, merchant_id: str) -> int:
    """Let a case take the goods that came before it: received, unmatched units of its order and product."""
    rows = run_statement(conn, "core/return_case__adoptable", merchant_id=merchant_id).fetchall()
    events = [
        Event(
            identity.event_id("adopted", row["unit_id"], row["case_id"]),
            row["unit_id"],
            merchant_id,
            "adopted",
            run.now,
            "kaspi",
            "kaspi/shop_api",
            {
                "case_id": str(row["case_id"]),
                "order_id": row["order_id"],
                "entry_id": row["entry_id"],
                "piece": row["piece"],
                "sku": row["sku"],
            },
        )
        for row in rows
    ]
    return len(ledger.append(conn, events, run.now).accepted)


def _births(conn: Connection, run: Run, merchant_id: str) -> int:
    """Write ``requested`` for every case of one certain piece that has no unit yet."""
    run_statement(conn, "core/order_line__lock_unborn", merchant_id=merchant_id)
    rows = run_statement(conn, "core/return_case__unborn", merchant_id=merchant_id).fetchall()
    sold = sold_before(conn, merchant_id, sorted({row["order_id"] for row in rows}))
    before = {row["case_id"]: next(iter(sold.get((row["order_id"], row["entry_id"]), ())), None) for row in rows}
    events = [
        Event(
            identity.event_id("requested", row["case_id"]),
            identity.requested_unit_id(merchant_id, row["entry_id"], row["piece"]),
            merchant_id,
            "requested",
            row["requested_from"],
            "kaspi",
            "kaspi/shop_api",
            {
                "case_id": str(row["case_id"]),
                "order_id": row["order_id"],
                "entry_id": row["entry_id"],
                "piece": row["piece"],
                "sku": row["sku"] or "unknown",
                "store_id": row["store_id"],
                "previous_unit_id": str(before[row["case_id"]]) if before[row["case_id"]] else None,
            },
        )
        for row in rows
    ]
    return len(ledger.append(conn, events, run.now).accepted)


def _withdrawals(conn: Connection, run: Run, merchant_id: str) -> int:
    """Write ``cancelled`` for units that are no longer coming: their order went back to a status of no return."""
    rows = run_statement(conn, "ledger/unit__withdrawn", merchant_id=merchant_id).fetchall()
    events = [
        Event(
            identity.event_id("cancelled", row["case_id"]),
            UUID(str(row["unit_id"])),
            merchant_id,
            "cancelled",
            run.now,
            "kaspi",
            "kaspi/shop_api",
            {},
        )
        for row in rows
    ]
    return len(ledger.append(conn, events, run.now).accepted)
