"""Return cases from order statuses, and the units of every case: what came before it, and what is certain to come."""

from typing import Any
from uuid import UUID

from include.db.connection import Connection
from include.db.copying import copy_rows
from include.db.statements import run as run_statement
from include.db.statements import run_in_portions
from include.domain import identity
from include.domain.returns import CANCEL_STATUSES, RETURN_STATUSES, case_status, return_kind
from include.domain.unit_life import Event
from include.flows import ledger
from include.flows.booking import BY_STATUS, adopt
from include.flows.evidence import return_requested_reading, sold_before
from include.flows.run import Run

CASE_COLUMNS = (
    "case_id", "merchant_id", "order_id", "episode", "return_kind", "status", "signal_status", "quantity",
    "units_lo", "units_hi", "requested_from", "requested_to", "entry_id",
)  # fmt: skip
BY_FILE = "file/applications"
# A first load has many returns, and memory is to be the same for few and for many.
STAGED_AT_ONCE = 100  # cases
BORN_AT_ONCE = 100  # orders
SETTLED_AT_ONCE = 200  # orders, by whose ids statements ask


def lock(conn: Connection, run: Run, merchant_id: str) -> None:
    """Lock the orders whose cases and units this batch may touch, before any of them is read.

    They are written into the transaction's own table ``locked_order``: in a first load they are many.

    The dock takes its locks in the same order: lines, then the merchant's births. What the batch does is held to these
    orders; others that come up meanwhile are the next batch's.
    """
    run_statement(conn, "core/locked_order__stage")
    locked = run_statement(
        conn,
        "core/return_case__lock",
        **run.key,
        merchant_id=merchant_id,
        return_statuses=sorted(RETURN_STATUSES),
        cancel_statuses=sorted(CANCEL_STATUSES),
    ).rowcount
    if locked:
        run_statement(conn, "ledger/births_lock", merchant_id=merchant_id)


def open_cases(conn: Connection, run: Run, merchant_id: str) -> tuple[int, int]:
    """Open or update the cases of the locked orders, then give birth to what is certain; return both counts."""
    reading = return_requested_reading(conn)
    run_statement(conn, "core/stage_return_case")
    for rows in run_in_portions(
        conn,
        "core/return_case__signalled",
        STAGED_AT_ONCE,
        **run.key,
        merchant_id=merchant_id,
        return_statuses=sorted(RETURN_STATUSES),
        cancel_statuses=sorted(CANCEL_STATUSES),
    ):
        copy_rows(conn, "stage_return_case", CASE_COLUMNS, (_case_row(merchant_id, row, reading) for row in rows))
    cases = run_statement(conn, "core/return_case").rowcount
    run_statement(conn, "core/return_case__withdrawn", **run.key, merchant_id=merchant_id, now=run.now)
    births = sum(
        settle_units(conn, run, merchant_id, [row["order_id"] for row in rows])
        for rows in run_in_portions(conn, "core/locked_order", SETTLED_AT_ONCE)
    )
    _withdrawals(conn, run, merchant_id)
    return cases, births


def _case_row(merchant_id: str, row: dict[str, Any], reading: str) -> tuple[Any, ...]:
    kind = return_kind(
        row["status"], row["cancellation_reason"], completed_seen=row["completed_seen"],
        application=row["application_number"] is not None, reading=reading,
    )  # fmt: skip
    return (
        identity.case_id(merchant_id, row["order_id"], row["episode"]), merchant_id, row["order_id"], row["episode"],
        kind.value, case_status(None, None, row["status"], application=False, received=False),
        row["status"], row["quantity"], row["units_lo"], row["units_hi"],
        row["requested_from"], row["requested_to"], row["entry_id"],
    )  # fmt: skip


def settle_units(conn: Connection, run: Run, merchant_id: str, order_ids: list[str]) -> int:
    """Let the cases of locked orders take the goods that came before them, then give birth to the certain rest.

    Returns the births.
    """
    taken = _placements(conn, run, merchant_id, order_ids) + adopt(conn, run, merchant_id, order_ids)
    if taken:
        _displacements(conn, run, merchant_id, order_ids)
    return _births(conn, run, merchant_id, order_ids)


def _placements(conn: Connection, run: Run, merchant_id: str, order_ids: list[str]) -> int:
    """Give the pieces that came without a line the line of their application, now that it is known."""
    rows = run_statement(conn, "core/return_case__unplaced", merchant_id=merchant_id, order_ids=order_ids).fetchall()
    events = [
        Event(
            identity.event_id("placed", row["unit_id"], row["entry_id"], row["piece"]),
            row["unit_id"],
            merchant_id,
            "placed",
            run.now,
            "kaspi",
            BY_FILE,
            {"entry_id": row["entry_id"], "piece": row["piece"], "sku": row["sku"]},
        )
        for row in rows
    ]
    return len(ledger.append(conn, events, run.now).accepted)


def _displacements(conn: Connection, run: Run, merchant_id: str, order_ids: list[str]) -> None:
    """Expect no piece any more in whose place another one of its line came."""
    rows = run_statement(conn, "ledger/unit__displaced", merchant_id=merchant_id, order_ids=order_ids).fetchall()
    ledger.append(conn, cancellations(run, merchant_id, rows, BY_FILE), run.now)


def _births(conn: Connection, run: Run, merchant_id: str, order_ids: list[str]) -> int:
    """Write ``requested`` for every certain piece of an open case that no unit stands for yet; return how many."""
    lacking = [
        row["order_id"]
        for row in run_statement(conn, "core/return_case__lacking", merchant_id=merchant_id, order_ids=order_ids)
    ]
    return sum(
        _give_birth(conn, run, merchant_id, lacking[first : first + BORN_AT_ONCE])
        for first in range(0, len(lacking), BORN_AT_ONCE)
    )


def _give_birth(conn: Connection, run: Run, merchant_id: str, order_ids: list[str]) -> int:
    rows = run_statement(conn, "core/return_case__unborn", merchant_id=merchant_id, order_ids=order_ids).fetchall()
    sold = sold_before(conn, merchant_id, sorted({row["order_id"] for row in rows}))
    events = []
    for row in rows:
        before = sold.get((row["order_id"], row["entry_id"]))
        events.append(
            Event(
                identity.event_id("requested", row["case_id"], row["piece"]),
                identity.requested_unit_id(merchant_id, row["entry_id"], row["piece"]),
                merchant_id,
                "requested",
                row["requested_from"],
                "kaspi",
                BY_FILE if row["application_number"] else BY_STATUS,
                {
                    "case_id": str(row["case_id"]),
                    "order_id": row["order_id"],
                    "entry_id": row["entry_id"],
                    "piece": row["piece"],
                    "sku": row["sku"] or "unknown",
                    "store_id": row["store_id"],
                    "previous_unit_id": str(before.pop(0)) if before else None,
                },
            )
        )
    return len(ledger.append(conn, events, run.now).accepted)


def _withdrawals(conn: Connection, run: Run, merchant_id: str) -> int:
    """Write ``cancelled`` for units that are no longer coming: their order went back to a status of no return."""
    rows = run_statement(conn, "ledger/unit__withdrawn", merchant_id=merchant_id).fetchall()
    return len(ledger.append(conn, cancellations(run, merchant_id, rows, BY_STATUS), run.now).accepted)


def cancellations(run: Run, merchant_id: str, rows: list[dict[str, UUID]], source: str) -> list[Event]:
    """Return a ``cancelled`` event for each row's unit_id, which its case_id does not ask for any more."""
    return [
        Event(
            identity.event_id("cancelled", row["unit_id"], row["case_id"]),
            UUID(str(row["unit_id"])),
            merchant_id,
            "cancelled",
            run.now,
            "kaspi",
            source,
            {},
        )
        for row in rows
    ]
