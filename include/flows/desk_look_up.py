"""What a scanned code means at a desk, and what this person may do with it next."""

import datetime as dt
from typing import Any
from uuid import UUID

from include.db.connection import Connection
from include.db.statements import run
from include.domain import identity
from include.domain.desk import LEDGER_STEPS, STEPS, in_order_of_route, legal_steps, readings, record_of
from include.domain.returns import application_of
from include.domain.staff import NEEDED, Staff
from include.domain.unit_life import RULES, VOIDED, person
from include.flows.desk_access import Desk, NotAllowed, desk_of, units_by_id
from include.flows.second_look import as_seen_by, waits_for, without_findings

MOST_EXPECTED = 50  # of goods that many orders sent back
DIGITS_OF_EAN = (8, 12, 13, 14)
DIGITS_OF_ORDER = 11  # Kaspi's numbers of orders have nine digits today


def look_up(
    conn: Connection, staff: Staff, code: str, warehouse: str, now: dt.datetime | None = None
) -> dict[str, Any]:
    """Return what a code means in a warehouse.

    ``kind`` is ``unit``, ``expected`` (it may still come), ``order`` (known, nothing of it is expected) or ``unknown``.
    ``scan`` holds the fields of a ``received`` event that say what was read, ``units`` what of the order is here,
    ``merchants`` whose goods it can be; ``next`` are the steps this person may take now, the likeliest first, and
    ``why_not`` the reason of the others: ``role``, ``state``, ``same_person``. ``compared`` are the steps that this
    warehouse books from its WMS: what the desk says of them is only compared. ``last_event`` is the desk's step that
    ``voided`` would take back; without ``now`` it is not known whether it is too late for that. A unit that waits for
    this person's second look shows nothing of the first (``blind``). Raises NotAllowed for the label of a unit whose
    merchant he may not see.
    """
    desk = desk_of(conn, staff, warehouse)
    codes = readings(code)
    label = next((named for one in codes if (named := application_of(one))), None)
    found = run(
        conn,
        "desk/code",
        warehouse=warehouse,
        codes=codes,
        order_codes=[*codes, *([label[0]] if label else [])],
        merchant_ids=staff.merchants(desk.merchant_ids),
    ).fetchall()
    answer: dict[str, Any] = {
        "code": code, "kind": "unknown", "scan": _read_as(codes, label), "unit": None, "units": [], "order": None,
        "orders": [], "expected": [], "goods": [], "merchants": [], "next": [], "why_not": {}, "compared": [],
        "last_event": None,
    }  # fmt: skip
    units = [row for row in found if row["what"] == "unit"]
    if units:
        mine = [row for row in units if staff.may("viewer", row["merchant_id"])]
        if not mine:
            raise NotAllowed("the unit with this label is of a merchant that is not yours")
        _show_unit(conn, desk, staff, answer, UUID(mine[0]["id"]), now)
        answer["scan"] = {"unit_label": answer["unit"]["unit_label"]}
        return answer
    orders = _surest([row for row in found if row["what"] == "order"])
    goods = _surest([row for row in found if row["what"] == "goods"])
    _show_expected(conn, staff, answer, orders, [] if orders else goods, label[1] if label else None)
    here = answer["units"]
    if len(here) == 1 and not answer["expected"]:
        _show_unit(conn, desk, staff, answer, here[0]["unit_id"], now)
        return answer
    if read := next(iter(orders or goods), None):
        answer["scan"] = {read["field"]: label_code(codes) if read["field"] == "return_label" else read["code"]}
    whose = {row["merchant_id"] for row in orders or goods} or set(desk.merchant_ids)
    answer["merchants"] = [
        store for store in desk.stores if store["merchant_id"] in whose and staff.may("viewer", store["merchant_id"])
    ]
    _receivable(desk, staff, answer)
    return answer


def label_code(codes: list[str]) -> str:
    """Return the reading that is a return label."""
    return next(code for code in codes if application_of(code))


def _read_as(codes: list[str], label: tuple[str, str] | None) -> dict[str, str]:
    """Return what an unknown code is told as: it may name an order that is not here yet."""
    code = codes[-1] if codes else ""
    if label:
        return {"return_label": label_code(codes)}
    if code.isdigit() and len(code) in DIGITS_OF_EAN and _check_digit_fits(code):
        return {"ean": code}
    if code.isdigit() and len(code) <= DIGITS_OF_ORDER:
        return {"order_code": code}
    return {"waybill": codes[0]} if codes else {}


def _check_digit_fits(code: str) -> bool:
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(code)))
    return weighted % 10 == 0


def _surest(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what the surest reading of the code names: a return label, a waybill, a number; an EAN, a SKU."""
    for field in ("return_label", "waybill", "order_code", "ean", "sku"):
        if named := [row for row in rows if row["field"] == field]:
            return named
    return []


def _show_unit(
    conn: Connection, desk: Desk, staff: Staff, answer: dict[str, Any], unit_id: UUID, now: dt.datetime | None
) -> None:
    unit = units_by_id(conn, [unit_id])[unit_id]
    blind = bool(waits_for(conn, staff, [unit]))
    if blind:
        unit = without_findings(unit)
    answer |= {"kind": "unit", "unit": unit, **steps_of(desk, staff, unit)}
    answer["merchants"] = [store for store in desk.stores if store["merchant_id"] == unit["merchant_id"]]
    if last := _last_step(conn, desk, unit_id):
        answer["last_event"] = last
        moment = now or last["recorded_at"]
        if staff.may_void(unit["merchant_id"], last["actor"], last["recorded_at"], moment, desk.void_minutes):
            answer["next"].append(VOIDED)
    if blind:
        answer["next"].insert(0, "second_look")


def _last_step(conn: Connection, desk: Desk, unit_id: UUID) -> dict[str, Any] | None:
    """Return the desk's event that was the last to move the unit; None where something else happened since."""
    row = run(conn, "desk/last_event", unit_id=unit_id, source=desk.source).fetchone()
    if row is None or row["ledger_event_id"] != identity.event_id(desk.source, row["event_id"], row["ledger_type"]):
        return None
    return {name: row[name] for name in ("event_id", "type", "actor", "recorded_at")}


def steps_of(desk: Desk, staff: Staff, unit: dict[str, Any]) -> dict[str, Any]:
    """Return ``next``, ``why_not`` and ``compared`` of a unit for this person."""
    legal = legal_steps(unit["state"])
    why_not: dict[str, str] = {}
    for step in STEPS[1:]:
        if not any(type_ in RULES for type_ in LEDGER_STEPS.get(step, (step,))):
            continue
        if step not in legal:
            why_not[step] = "state"
        elif not staff.may(NEEDED[step], unit["merchant_id"]):
            why_not[step] = "role"
        elif step == "qc" and person(staff.user_name) in map(person, unit["worked_by"] or ()):
            why_not[step] = "same_person"
    may = [step for step in legal if step not in why_not and step != "received"]
    return {"next": in_order_of_route(may, unit["route"]), "why_not": why_not, "compared": _compared(desk, may)}


def _receivable(desk: Desk, staff: Staff, answer: dict[str, Any]) -> None:
    if any(staff.may(NEEDED["received"], store["merchant_id"]) for store in answer["merchants"]):
        answer["next"] = ["received"]
    else:
        answer["why_not"] = {"received": "role"}
    answer["compared"] = _compared(desk, answer["next"])


def _compared(desk: Desk, steps: list[str]) -> list[str]:
    return [step for step in steps if record_of(step, desk.system_of_record) != "desk"]


def _show_expected(
    conn: Connection,
    staff: Staff,
    answer: dict[str, Any],
    orders: list[dict[str, Any]],
    goods: list[dict[str, Any]],
    application: str | None,
) -> None:
    """Fill in the orders, what is here of them, and what may still come: of the label's own application first."""
    if orders:
        told = run(
            conn,
            "desk/order",
            merchant_ids=[row["merchant_id"] for row in orders],
            order_ids=[row["id"] for row in orders],
        ).fetchall()
        here = as_seen_by(conn, staff, units_by_id(conn, [unit_id for order in told for unit_id in order.pop("here")]))
        answer["orders"] = told
        answer["order"] = told[0] if len(told) == 1 else None
        answer["units"] = [one for one in here.values() if not application or one["application"] in (None, application)]
    answer["goods"] = [{"merchant_id": row["merchant_id"], "sku": row["id"]} for row in goods]
    expected = run(
        conn,
        "desk/expected",
        order_merchants=[row["merchant_id"] for row in orders],
        order_ids=[row["id"] for row in orders],
        goods_merchants=[row["merchant_id"] for row in goods],
        skus=[row["id"] for row in goods],
        most=MOST_EXPECTED,
    ).fetchall()
    if application and (own := [row for row in expected if row["application"] == application]):
        expected = own
    answer["expected"] = [row for row in expected if staff.may("viewer", row["merchant_id"])]
    if answer["expected"]:
        answer["kind"] = "expected"
    elif orders:
        answer["kind"] = "order"
