"""Turn a merchant's warehouse events into events of units: match the scans, address the rest by label."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from include.db.connection import Connection
from include.db.copying import copy_rows
from include.db.statements import run as run_statement
from include.domain import identity
from include.domain.causes import decide_cause
from include.domain.matching import Book, Expected, Line, Match, Scan, match, next_piece
from include.domain.reasons import map_reason
from include.domain.returns import application_of, return_kind
from include.domain.unit_life import Event
from include.flows import costs, ledger
from include.flows.evidence import return_requested_reading, sold_before
from include.flows.quarantine import Reject, put_aside
from include.flows.run import Run

WAITS = dt.timedelta(hours=24)
BY_STATUS = "kaspi/shop_api"
UNADDRESSED = frozenset({"stock_counted", "missing_from_parcel"})
CASE_COLUMNS = (
    "case_id", "merchant_id", "order_id", "episode", "application_number", "return_kind", "status", "quantity",
    "units_lo", "units_hi", "requested_from", "requested_to",
)  # fmt: skip


@dataclass(slots=True)
class _Case:
    case_id: UUID
    episode: int
    application: str | None
    entry_id: str | None
    open: bool


@dataclass(slots=True)
class _Facts:
    """What is known of the orders, lines, cases and labels that a batch of events can mean."""

    book: Book
    case_of_unit: dict[UUID, UUID | None]
    orders: dict[str, dict[str, Any]]
    completed: set[str]
    cases: dict[str, list[_Case]]
    labels: dict[tuple[str, str], UUID]
    strangers: set[tuple[str, str]]
    scans: dict[tuple[str, str], UUID]
    reasons: dict[UUID, str]
    price_of: dict[tuple[str, str], int]
    sold: dict[str, int]
    reading: str
    sold_before: dict[tuple[str, str], list[UUID]]


@dataclass(slots=True)
class _Booking:
    """What a batch of events comes to."""

    events: list[Event] = field(default_factory=list)
    ledger_ids: dict[tuple[str, str], list[UUID]] = field(default_factory=lambda: defaultdict(list))
    units: dict[tuple[str, str], UUID] = field(default_factory=dict)
    outcomes: dict[tuple[str, str], str] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    new_cases: list[tuple[Any, ...]] = field(default_factory=list)


def book_events(conn: Connection, run: Run, merchant_id: str) -> dict[str, int]:
    """Book everything of ``merchant_id`` that is not booked yet, inside the caller's transaction.

    An event whose unit label nobody has seen stays unbooked and is tried again by the next run; after 24 hours
    it goes to the quarantine.
    """
    rows = run_statement(conn, "core/warehouse_event__unbooked", merchant_id=merchant_id).fetchall()
    facts = _facts(conn, merchant_id, rows)
    booking = _Booking()
    for row in rows:
        _book_one(booking, facts, run, merchant_id, row)
    _store_cases(conn, booking)
    outcome = ledger.append(conn, booking.events, run.now)
    costs.book_costs(conn, merchant_id, outcome.accepted, run.now)
    _settle(conn, run, booking, outcome)
    opened = {UUID(event.payload["case_id"]) for event in booking.events if event.payload.get("case_id")}
    met = {case_id for unit_id in booking.units.values() if (case_id := facts.case_of_unit.get(unit_id))}
    case_ids = sorted(opened | met)
    if case_ids:
        run_statement(conn, "core/return_case__counted", merchant_id=merchant_id, case_ids=case_ids)
    put_aside(conn, booking.rejects, run.now)
    passed = {event.event_id for event in booking.events if event.type == "qc_passed"}
    return {
        "booked": len(outcome.accepted),
        "waiting": len(outcome.waiting) + len(rows) - len(booking.outcomes),
        "rejected": len(outcome.rejected) + len(booking.rejects),
        "duplicates": sum(1 for one in booking.outcomes.values() if one == "duplicate_scan"),
        "qc_passed": len(passed & outcome.accepted.keys()),
    }


def adopt(conn: Connection, run: Run, merchant_id: str, order_ids: list[str]) -> int:
    """Match again what nobody expected and what named one of these locked orders, which are here by now.

    A scan before its order ends as one after it: with the same case, in the same place. Returns the adopted units.
    """
    rows = run_statement(conn, "core/warehouse_event__waiting", merchant_id=merchant_id, order_ids=order_ids).fetchall()
    if not rows:
        return 0
    facts = _facts(conn, merchant_id, rows)
    booking = _Booking()
    for row in rows:
        met = match(replace(_scan(row), unit_label=None), facts.book)
        if met.order_id not in order_ids:
            continue
        piece = met.piece or (met.entry_id and next_piece(facts.book, str(met.order_id), met.entry_id)) or None
        case_id = _case_of(booking, facts, merchant_id, met, row["occurred_at"])
        booking.events.append(
            Event(
                identity.event_id("adopted", row["unit_id"], case_id),
                row["unit_id"],
                merchant_id,
                "adopted",
                run.now,
                "kaspi",
                BY_STATUS,
                {
                    "case_id": str(case_id),
                    "order_id": met.order_id,
                    "entry_id": met.entry_id,
                    "piece": piece,
                    "sku": met.sku,
                    "previous_unit_id": _previous(facts, met),
                },
            )
        )
    _store_cases(conn, booking)
    adopted = ledger.append(conn, booking.events, run.now).accepted
    costs.book_costs(conn, merchant_id, adopted, run.now)
    case_ids = sorted({UUID(event.payload["case_id"]) for event in booking.events})
    run_statement(conn, "core/return_case__counted", merchant_id=merchant_id, case_ids=case_ids)
    return len(adopted)


def _previous(facts: _Facts, met: Match) -> str | None:
    """Return the unit that a newly born piece was when it came back before."""
    sold = facts.sold_before.get((str(met.order_id), str(met.entry_id))) if met.kind == "born" else None
    return str(sold.pop(0)) if sold else None


def _facts(conn: Connection, merchant_id: str, rows: list[dict[str, Any]]) -> _Facts:
    """Ask for everything at once; no statement per event."""
    scans = [row for row in rows if row["type"] == "received"]
    payloads = [row["payload"] for row in rows]
    codes = {code for one in payloads if (code := one.get("order_code"))}
    codes |= {found[0] for one in payloads if (found := application_of(one.get("return_label")))}
    waybills = {one["payload"]["waybill"] for one in scans if one["payload"].get("waybill")}
    eans = {one["payload"]["ean"] for one in scans if one["payload"].get("ean")}
    labels = {label for one in payloads if (label := one.get("unit_label"))}

    def ask(name: str, **params: Any) -> list[dict[str, Any]]:
        return run_statement(conn, name, merchant_id=merchant_id, **params).fetchall()

    orders = {
        row["order_id"]: row
        for row in ask("core/customer_order__of_scans", codes=sorted(codes), waybills=sorted(waybills))
    }
    order_ids = sorted(orders)
    if order_ids:
        ask("core/order_line__lock", order_ids=order_ids)
    lines: dict[str, list[Line]] = defaultdict(list)
    price_of: dict[tuple[str, str], int] = {}
    sold: dict[str, int] = defaultdict(int)
    unplaced: dict[str, int] = {}
    for row in ask("core/order_line__of_orders", order_ids=order_ids):
        sku = row["sku"] or "unknown"
        lines[row["order_id"]].append(Line(row["order_id"], row["entry_id"], sku, row["quantity"], row["born"]))
        price_of[row["order_id"], sku] = row["base_price"]
        sold[row["order_id"]] += row["quantity"]
        unplaced[row["order_id"]] = row["unplaced"]
    sku_of_ean: dict[str, list[str]] = defaultdict(list)
    for row in ask("core/product__of_eans", eans=sorted(eans)):
        for ean in row["eans"]:
            sku_of_ean[ean].append(row["sku"])
    by_waybill: dict[str, list[str]] = defaultdict(list)
    for order_id, row in orders.items():
        if row["waybill"]:
            by_waybill[row["waybill"]].append(order_id)
    expected = ask("ledger/unit__expected")
    offers_of_sku: dict[str, list[str]] = defaultdict(list)
    for row in ask("channel/resale_sku__all"):
        offers_of_sku[row["sku"]].append(row["offer_sku"])
    known = run_statement(
        conn,
        "ledger/unit__of_labels",
        sources=sorted({row["source"] for row in rows}),
        labels=sorted(labels),
        scans=sorted(_scan_id(row) for row in scans),
    ).fetchall()
    cases: dict[str, list[_Case]] = defaultdict(list)
    for row in ask("core/return_case__of_orders", order_ids=order_ids):
        cases[row["order_id"]].append(
            _Case(
                row["case_id"], row["episode"], row["application_number"], row["entry_id"], row["status"] != "cancelled"
            )
        )
    return _Facts(
        Book(
            {row["code"]: order_id for order_id, row in orders.items()},
            by_waybill,
            lines,
            [
                Expected(row["unit_id"], row["order_id"], row["entry_id"], row["sku"], row["open"], row["application"])
                for row in expected
            ],
            sku_of_ean,
            {(row["source"], row["unit_label"]) for row in known},
            offers_of_sku,
            {
                case.application: case.entry_id
                for found in cases.values()
                for case in found
                if case.application and case.entry_id
            },
            unplaced,
        ),
        {row["unit_id"]: row["case_id"] for row in expected},
        orders,
        {row["order_id"] for row in ask("core/order_observation__completed", order_ids=order_ids)},
        cases,
        {(row["source"], row["unit_label"]): row["unit_id"] for row in known if row["merchant_id"] == merchant_id},
        {(row["source"], row["unit_label"]) for row in known if row["merchant_id"] != merchant_id},
        {(row["source"], row["scan_id"]): row["unit_id"] for row in known},
        {row["unit_id"]: row["stated_reason"] or "unknown" for row in known},
        price_of,
        sold,
        return_requested_reading(conn),
        sold_before(conn, merchant_id, order_ids),
    )


def _book_one(booking: _Booking, facts: _Facts, run: Run, merchant_id: str, row: dict[str, Any]) -> None:
    key = (row["source"], row["event_id"])
    if row["booked_from"] != "wms" or row["type"] == "stock_counted":
        booking.outcomes[key] = "compared"
        return
    if row["type"] in UNADDRESSED:
        booking.outcomes[key] = "finding"
        return
    label = (row["source"], row["payload"]["unit_label"])
    if label in facts.strangers:
        reason = f"the label {label[1]} is on a unit of another merchant already: correct it in the warehouse"
        booking.outcomes[key] = "rejected"
        booking.rejects.append(Reject(merchant_id, f"ledger/{row['source']}", row["event_id"], reason, row["payload"]))
        return
    if row["type"] == "received":
        _receive(booking, facts, merchant_id, row)
        return
    unit_id = facts.labels.get(label)
    if unit_id is None:
        if run.now - row["recorded_at"] > WAITS:
            reason = f"no unit bears the label {row['payload']['unit_label']} after 24 hours"
            booking.outcomes[key] = "rejected"
            booking.rejects.append(
                Reject(merchant_id, f"ledger/{row['source']}", row["event_id"], reason, row["payload"])
            )
        return
    for type_, payload in TRANSLATE[row["type"]](row["payload"], facts, unit_id):
        _add(booking, row, unit_id, merchant_id, type_, payload)


def _add(
    booking: _Booking, row: dict[str, Any], unit_id: UUID, merchant_id: str, type_: str, payload: dict[str, Any]
) -> None:
    key = (row["source"], row["event_id"])
    event = Event(
        identity.event_id(row["source"], row["event_id"], type_),
        unit_id,
        merchant_id,
        type_,
        row["occurred_at"],
        row["actor"] or row["source"],
        f"wms/{row['source']}",
        payload,
    )
    booking.events.append(event)
    booking.ledger_ids[key].append(event.event_id)
    booking.units[key] = unit_id
    booking.outcomes[key] = "booked"


def _scan(row: dict[str, Any]) -> Scan:
    read = row["payload"]
    return Scan(
        row["source"],
        _scan_id(row),
        read.get("unit_label"),
        read.get("return_label"),
        read.get("waybill"),
        read.get("order_code"),
        read.get("ean"),
        read.get("sku"),
    )


def _receive(booking: _Booking, facts: _Facts, merchant_id: str, row: dict[str, Any]) -> None:
    read = row["payload"]
    scan = _scan(row)
    key = (row["source"], row["event_id"])
    if (scan.source, scan.scan_id) in facts.scans:  # the same scan told again under another event id
        booking.outcomes[key] = "repeated"
        booking.units[key] = facts.scans[scan.source, scan.scan_id]
        return
    met = match(scan, facts.book)
    if met.kind == "duplicate":
        booking.outcomes[key] = "duplicate_scan"
        booking.units[key] = facts.labels[scan.source, scan.unit_label or ""]
        return
    unit_id = met.unit_id or identity.scanned_unit_id(scan.source, scan.scan_id)
    facts.scans[scan.source, scan.scan_id] = unit_id
    if scan.unit_label:
        facts.labels[scan.source, scan.unit_label] = unit_id
    facts.reasons[unit_id] = map_reason(read.get("stated_reason"))
    payload = {
        "source": scan.source,
        "scan_id": scan.scan_id,
        "unit_label": scan.unit_label,
        "return_order_no": read.get("return_order_no"),
        # nothing said at the dock is nothing said: the application's reason, if there is one, stands
        "stated_reason": facts.reasons[unit_id] if read.get("stated_reason") else None,
        "stated_reason_raw": read.get("stated_reason"),
        "store_id": row["store_id"],
        "zone": "dock",
        "sku": met.sku,
    }
    if met.kind != "unexpected":
        case_id = _case_of(booking, facts, merchant_id, met, row["occurred_at"])
        payload |= {"case_id": str(case_id), "order_id": met.order_id, "entry_id": met.entry_id, "piece": met.piece}
    if previous := _previous(facts, met):
        payload["previous_unit_id"] = previous
    _add(booking, row, unit_id, merchant_id, "unexpected" if met.kind == "unexpected" else "received", payload)


def _scan_id(row: dict[str, Any]) -> str:
    return str(row["payload"].get("scan_id") or row["event_id"])


def _case_of(booking: _Booking, facts: _Facts, merchant_id: str, met: Match, at: dt.datetime) -> UUID:
    """Return the case a received piece belongs to; a parcel at the dock opens one where none is known.

    A case keeps its first id when an application joins it; a second application is a case of its own.
    """
    order_id = str(met.order_id)
    cases = facts.cases[order_id]
    own = facts.case_of_unit.get(met.unit_id) if met.unit_id else None
    chosen = next((case for case in cases if case.case_id == own), None)
    if chosen is None and met.application:
        chosen = next((case for case in cases if case.application == met.application), None)
    if chosen is None:
        fitting = [
            one for one in cases if one.open and (not met.application or one.application in (None, met.application))
        ]
        of_line = (one for one in fitting if met.entry_id and one.entry_id == met.entry_id)
        chosen = next(of_line, None) or next(iter(fitting), None)
    if chosen is None:
        episode = max((case.episode for case in cases), default=0) + 1
        chosen = _Case(identity.case_id(merchant_id, order_id, episode), episode, None, None, True)
        cases.append(chosen)
        _write_case(booking, facts, merchant_id, order_id, chosen, met.application, at)
    elif met.application and chosen.application is None:
        _write_case(booking, facts, merchant_id, order_id, chosen, met.application, at)
    chosen.application = chosen.application or met.application
    return chosen.case_id


def _write_case(
    booking: _Booking,
    facts: _Facts,
    merchant_id: str,
    order_id: str,
    case: _Case,
    application: str | None,
    at: dt.datetime,
) -> None:
    order = facts.orders[order_id]
    kind = return_kind(
        order["status"],
        order["cancellation_reason"],
        completed_seen=order_id in facts.completed,
        application=application is not None,
        reading=facts.reading,
    )
    begun = min(at, order["handed_over_at"] or order["created_at"])
    sold = max(1, facts.sold[order_id])
    booking.new_cases.append(
        (
            case.case_id, merchant_id, order_id, case.episode, application, kind.value, "received",
            1 if sold == 1 else None, 1, sold, begun, at,
        )
    )  # fmt: skip


def _store_cases(conn: Connection, booking: _Booking) -> None:
    run_statement(conn, "core/stage_return_case")
    copy_rows(conn, "stage_return_case", CASE_COLUMNS, booking.new_cases)
    run_statement(conn, "core/return_case__from_dock")


def _settle(conn: Connection, run: Run, booking: _Booking, outcome: ledger.Outcome) -> None:
    """Write down what became of every warehouse event."""
    for key, ids in booking.ledger_ids.items():
        if any(one in outcome.rejected for one in ids):
            booking.outcomes[key] = "rejected"
        elif any(one in outcome.waiting for one in ids):
            booking.outcomes[key] = "waiting"
    run_statement(conn, "core/stage_booked")
    copy_rows(
        conn,
        "stage_booked",
        ("source", "event_id", "outcome", "unit_id"),
        ((*key, name, booking.units.get(key)) for key, name in booking.outcomes.items()),
    )
    run_statement(conn, "core/warehouse_event__booked", now=run.now)


Steps = list[tuple[str, dict[str, Any]]]


def _inspected(read: dict[str, Any], facts: _Facts, unit_id: UUID) -> Steps:
    finding = read["finding"]
    cause, confidence = decide_cause(facts.reasons.get(unit_id, "unknown"), finding)
    payload = {**_told(read), "cause": cause, "cause_confidence": confidence}
    return [("inspected", payload), *([("wrong_item", {})] if finding == "wrong_item" else [])]


def _listed(read: dict[str, Any], _: _Facts, __: UUID) -> Steps:
    """A previous system put the unit on sale: a fact of the past, with the best proof there can be."""
    decided = {"channel": read["channel"], "offer_sku": read["offer_sku"], "resale_price": read["price"]}
    return [("restock_pending", decided), ("on_sale", {"proof": "observed"})]


def _picked(read: dict[str, Any], facts: _Facts, _: UUID) -> Steps:
    order_id = facts.book.order_of_code.get(read["order_code"])
    prices = [price for (order, _sku), price in facts.price_of.items() if order == order_id]
    offered = facts.price_of.get((order_id or "", read.get("offer_sku") or ""))
    price = offered if offered is not None else prices[0] if len(prices) == 1 else None
    # an order that is not here yet is named by its number; what reads this takes either
    sold = order_id or read["order_code"]
    return [("resold", {"attribution": "scan", "sold_order_id": sold, "resale_price": price})]


def _told(read: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in read.items() if name != "unit_label"}


def _same(type_: str) -> Callable[[dict[str, Any], _Facts, UUID], Steps]:
    return lambda read, _facts, _unit: [(type_, _told(read))]


TRANSLATE: dict[str, Callable[[dict[str, Any], _Facts, UUID], Steps]] = {
    "inspected": _inspected,
    "listed": _listed,
    "picked": _picked,
    "qc": lambda read, _facts, _unit: [("qc_passed" if read["passed"] else "qc_failed", _told(read))],
    "sold_off_kaspi": lambda read, _facts, _unit: [
        ("resold", {"attribution": "scan", "resale_price": read["price"]})
    ],
    **{
        name: _same(name)
        for name in (
            "repacked", "in_repair", "repaired", "unrecoverable", "written_off", "to_supplier", "disposed",
            "returned_to_buyer",
        )
    },
}  # fmt: skip
