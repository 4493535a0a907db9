"""Turn a merchant's warehouse events into events of units: match the scans, address the rest by label."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import psycopg

from include.db.connection import Connection
from include.db.copying import copy_rows
from include.db.statements import run as run_statement
from include.domain import identity
from include.domain.causes import decide_cause
from include.domain.desk import record_of
from include.domain.matching import Match, match, next_piece
from include.domain.reasons import map_reason
from include.domain.returns import return_kind
from include.domain.unit_life import VOIDED, Event, person
from include.flows import costs, ledger, second_look
from include.flows.quarantine import Reject, put_aside
from include.flows.run import Run
from include.flows.scan_facts import Case, Facts, gather, scan_of

MEANT = frozenset({"booked", "compared"})  # a correction that took something back, in the ledger or in what is compared
LOOKS = 3  # at what is expected, before a batch gives up being overtaken
WAITS = dt.timedelta(hours=24)
BY_STATUS = "kaspi/shop_api"
UNADDRESSED = frozenset({"stock_counted", "missing_from_parcel"})
CASE_COLUMNS = (
    "case_id", "merchant_id", "order_id", "episode", "application_number", "return_kind", "status", "quantity",
    "units_lo", "units_hi", "requested_from", "requested_to",
)  # fmt: skip


class _Overtaken(RuntimeError):
    """Somebody else's transaction took what this batch was about to take."""


@dataclass(slots=True)
class Booking:
    """What a batch of events comes to. ``outcomes`` tells it by (source, event id); what is not there waits."""

    events: list[Event] = field(default_factory=list)
    ledger_ids: dict[tuple[str, str], list[UUID]] = field(default_factory=lambda: defaultdict(list))
    units: dict[tuple[str, str], UUID] = field(default_factory=dict)
    outcomes: dict[tuple[str, str], str] = field(default_factory=dict)
    reasons: dict[tuple[str, str], str] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    new_cases: list[tuple[Any, ...]] = field(default_factory=list)
    met: set[UUID] = field(default_factory=set)  # events that meet an expectation
    voids: dict[tuple[str, str], str] = field(default_factory=dict)  # which event each of them takes back
    looks: list[tuple[Any, ...]] = field(default_factory=list)
    outcome: ledger.Outcome = field(default_factory=ledger.Outcome)


def book_events(conn: Connection, run: Run, merchant_id: str) -> dict[str, int]:
    """Book everything of ``merchant_id`` that is not booked yet, inside the caller's transaction.

    An event whose unit label nobody has seen stays unbooked and is tried again by the next run; after 24 hours
    it goes to the quarantine.
    """
    rows = run_statement(conn, "core/warehouse_event__unbooked", merchant_id=merchant_id).fetchall()
    booking = book_rows(conn, run.now, merchant_id, rows)
    outcome = booking.outcome
    passed = {event.event_id for event in booking.events if event.type == "qc_passed"}
    told = [booking.outcomes.get((row["source"], row["event_id"])) for row in rows]
    return {
        "booked": len(outcome.accepted),
        "waiting": len(outcome.waiting) + told.count(None),
        "rejected": len(outcome.rejected) + len(booking.rejects),
        "duplicates": told.count("duplicate_scan"),
        "qc_passed": len(passed & outcome.accepted.keys()),
    }


def book_rows(conn: Connection, now: dt.datetime, merchant_id: str, rows: list[dict[str, Any]]) -> Booking:
    """Book these events of one merchant (rows of ``core.warehouse_event`` in their order) in the caller's transaction.

    The desk books while a run does. What both saw expected or free is taken once: whoever comes second looks again.
    """
    for attempt in range(LOOKS):
        try:
            with conn.transaction():
                return _book(conn, now, merchant_id, rows)
        except (_Overtaken, psycopg.errors.UniqueViolation):
            if attempt == LOOKS - 1:
                raise
    raise AssertionError  # the last look returns or raises


def _book(conn: Connection, now: dt.datetime, merchant_id: str, rows: list[dict[str, Any]]) -> Booking:
    facts = gather(conn, merchant_id, rows)
    booking = Booking()
    for row in rows:
        _book_one(booking, facts, now, merchant_id, row)
    _store_cases(conn, booking)
    booking.outcome = ledger.append(conn, booking.events, now)
    if booking.met & booking.outcome.rejected.keys():
        raise _Overtaken("an expected unit was received by somebody else in between")
    costs.book_costs(conn, merchant_id, booking.outcome.accepted, now)
    _settle(conn, now, booking)
    second_look.keep(conn, booking.looks)
    if any(row.get("has_desk") for row in rows):
        second_look.draw(conn, booking.outcome.accepted, now)
    opened = {UUID(event.payload["case_id"]) for event in booking.events if event.payload.get("case_id")}
    met = {case_id for unit_id in booking.units.values() if (case_id := facts.case_of_unit.get(unit_id))}
    case_ids = sorted(opened | met)
    if case_ids:
        run_statement(conn, "core/return_case__counted", merchant_id=merchant_id, case_ids=case_ids)
    put_aside(conn, booking.rejects, now)
    return booking


def adopt(conn: Connection, run: Run, merchant_id: str, order_ids: list[str]) -> int:
    """Match again what nobody expected and what named one of these locked orders, which are here by now.

    A scan before its order ends as one after it: with the same case, in the same place. Returns the adopted units.
    """
    rows = run_statement(conn, "core/warehouse_event__waiting", merchant_id=merchant_id, order_ids=order_ids).fetchall()
    if not rows:
        return 0
    facts = gather(conn, merchant_id, rows)
    booking = Booking()
    for row in rows:
        met = match(replace(scan_of(row), unit_label=None), facts.book)
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


def _previous(facts: Facts, met: Match) -> str | None:
    """Return the unit that a newly born piece was when it came back before."""
    sold = facts.sold_before.get((str(met.order_id), str(met.entry_id))) if met.kind == "born" else None
    return str(sold.pop(0)) if sold else None


def _book_one(booking: Booking, facts: Facts, now: dt.datetime, merchant_id: str, row: dict[str, Any]) -> None:
    key = (row["source"], row["event_id"])
    if row["type"] == "second_look":
        _look_again(booking, facts, merchant_id, row)
    elif not _is_of_record(facts, row):
        _compare(booking, facts, row)
    elif row["type"] in UNADDRESSED:
        booking.outcomes[key] = "finding"
    else:
        _book_step(booking, facts, now, merchant_id, row)


def _compare(booking: Booking, facts: Facts, row: dict[str, Any]) -> None:
    """Leave the event to the comparison; one that was a mistake is compared no more."""
    key = (row["source"], row["event_id"])
    booking.outcomes[key] = "compared"
    if row["type"] == VOIDED:
        earlier = (row["source"], row["payload"]["voids"])
        booking.voids[key] = earlier[1]
        if unit_id := facts.told[earlier].unit_id:
            booking.units[earlier] = unit_id


def _book_step(booking: Booking, facts: Facts, now: dt.datetime, merchant_id: str, row: dict[str, Any]) -> None:
    label = (row["source"], row["payload"]["unit_label"])
    if label in facts.strangers:
        reason = f"the label {label[1]} is on a unit of another merchant already: correct it in the warehouse"
        _reject(booking, merchant_id, row, reason)
        return
    if row["type"] == "received":
        _receive(booking, facts, merchant_id, row)
        return
    if row["type"] == VOIDED:
        _void(booking, facts, now, merchant_id, row)
        return
    unit_id = facts.labels.get(label)
    if unit_id is None:
        _wait(booking, now, merchant_id, row, f"no unit bears the label {label[1]}")
        return
    for type_, payload in TRANSLATE[row["type"]](row["payload"], facts, unit_id):
        _add(booking, row, unit_id, merchant_id, type_, payload)


def _look_again(booking: Booking, facts: Facts, merchant_id: str, row: dict[str, Any]) -> None:
    """Keep a second look beside the ledger; it moves no unit."""
    read = row["payload"]
    unit_id = facts.labels.get((row["source"], read["unit_label"]))
    drawn = facts.looks.get(unit_id) if unit_id else None
    key = (row["source"], row["event_id"])
    if unit_id:
        booking.units[key] = unit_id
    if unit_id is None or drawn is None:
        _reject(booking, merchant_id, row, f"no second look at {read['unit_label']} is asked for")
        return
    if person(row["actor"]) in map(person, (drawn["first_actor"], *(drawn["worked_by"] or ()))):
        _reject(booking, merchant_id, row, f"a second look by {row['actor']}, who had the unit in hand before")
        return
    del facts.looks[unit_id]
    booking.outcomes[key] = "finding"
    booking.looks.append(
        (
            drawn["inspection_id"], row["actor"], row["occurred_at"], *key, read["packaging_intact"], read["complete"],
            read["documents"], read["signs_of_use"], read.get("defects", []), read["grade"], read["finding"],
            read["route"],
        )
    )  # fmt: skip


def _is_of_record(facts: Facts, row: dict[str, Any]) -> bool:
    """Tell whether the source is the one that its warehouse believes in such an event; a correction is as its event."""
    type_ = row["type"]
    if type_ == VOIDED:
        told = facts.told.get((row["source"], row["payload"]["voids"]))
        if told is None:
            return True  # it waits for what it takes back
        type_ = told.type
    return record_of(type_, row["system_of_record"]) == ("desk" if row["kind"] == "desk" else "wms")


def _void(booking: Booking, facts: Facts, now: dt.datetime, merchant_id: str, row: dict[str, Any]) -> None:
    """Take an earlier event of the same source back: all that it had moved, the last first."""
    voids = row["payload"]["voids"]
    told = facts.told.get((row["source"], voids))
    if told is None or told.outcome in (None, "waiting"):
        _wait(booking, now, merchant_id, row, f"there is no booked event {voids} to void")
        return
    if told.outcome != "booked" or told.unit_id is None:
        reason = f"the event {voids} is {told.outcome}: only what moved a unit can be voided, and once"
        _reject(booking, merchant_id, row, reason)
        return
    booking.voids[row["source"], row["event_id"]] = voids
    booking.units[row["source"], voids] = told.unit_id
    for event_id in told.booked:
        _add(booking, row, told.unit_id, merchant_id, VOIDED, {"event_id": str(event_id)}, event_id)


def _wait(booking: Booking, now: dt.datetime, merchant_id: str, row: dict[str, Any], reason: str) -> None:
    """Leave the event unbooked: what it is about may come yet, within a day."""
    if now - row["recorded_at"] > WAITS:
        _reject(booking, merchant_id, row, f"{reason} after 24 hours")
    else:
        booking.reasons[row["source"], row["event_id"]] = reason


def _reject(booking: Booking, merchant_id: str, row: dict[str, Any], reason: str) -> None:
    key = (row["source"], row["event_id"])
    booking.outcomes[key] = "rejected"
    booking.reasons[key] = reason
    booking.rejects.append(Reject(merchant_id, f"ledger/{row['source']}", row["event_id"], reason, row["payload"]))


def _add(
    booking: Booking,
    row: dict[str, Any],
    unit_id: UUID,
    merchant_id: str,
    type_: str,
    payload: dict[str, Any],
    *facts_of_id: object,
) -> None:
    key = (row["source"], row["event_id"])
    event = Event(
        identity.event_id(row["source"], row["event_id"], type_, *facts_of_id),
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


def _receive(booking: Booking, facts: Facts, merchant_id: str, row: dict[str, Any]) -> None:
    read = row["payload"]
    scan = scan_of(row)
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
    if met.kind == "meets":
        booking.met.add(booking.events[-1].event_id)


def _case_of(booking: Booking, facts: Facts, merchant_id: str, met: Match, at: dt.datetime) -> UUID:
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
        chosen = Case(identity.case_id(merchant_id, order_id, episode), episode, None, None, True)
        cases.append(chosen)
        _write_case(booking, facts, merchant_id, order_id, chosen, met.application, at)
    elif met.application and chosen.application is None:
        _write_case(booking, facts, merchant_id, order_id, chosen, met.application, at)
    chosen.application = chosen.application or met.application
    return chosen.case_id


def _write_case(
    booking: Booking,
    facts: Facts,
    merchant_id: str,
    order_id: str,
    case: Case,
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


def _store_cases(conn: Connection, booking: Booking) -> None:
    if not booking.new_cases:
        return
    run_statement(conn, "core/stage_return_case")
    copy_rows(conn, "stage_return_case", CASE_COLUMNS, booking.new_cases)
    run_statement(conn, "core/return_case__from_dock")


def _settle(conn: Connection, now: dt.datetime, booking: Booking) -> None:
    """Write down what became of every warehouse event, and of those that were taken back."""
    outcome = booking.outcome
    for key, ids in booking.ledger_ids.items():
        for name, found in (("waiting", outcome.waiting), ("rejected", outcome.rejected)):
            if refused := [found[one] for one in ids if one in found]:
                booking.outcomes[key] = name
                booking.reasons[key] = refused[0]
    voided = {(key[0], voids): "voided" for key, voids in booking.voids.items() if booking.outcomes[key] in MEANT}
    run_statement(conn, "core/stage_booked")
    copy_rows(
        conn,
        "stage_booked",
        ("source", "event_id", "outcome", "unit_id"),
        ((*key, name, booking.units.get(key)) for key, name in {**booking.outcomes, **voided}.items()),
    )
    run_statement(conn, "core/warehouse_event__booked", now=now)


Steps = list[tuple[str, dict[str, Any]]]


def _inspected(read: dict[str, Any], facts: Facts, unit_id: UUID) -> Steps:
    finding = read["finding"]
    cause, confidence = decide_cause(facts.reasons.get(unit_id, "unknown"), finding)
    payload = {**_told(read), "cause": cause, "cause_confidence": confidence}
    return [("inspected", payload), *([("wrong_item", {})] if finding == "wrong_item" else [])]


def _listed(read: dict[str, Any], _: Facts, __: UUID) -> Steps:
    """A previous system put the unit on sale: a fact of the past, with the best proof there can be."""
    decided = {"channel": read["channel"], "offer_sku": read["offer_sku"], "resale_price": read["price"]}
    return [("restock_pending", decided), ("on_sale", {"proof": "observed"})]


def _picked(read: dict[str, Any], facts: Facts, _: UUID) -> Steps:
    order_id = facts.book.order_of_code.get(read["order_code"])
    prices = [price for (order, _sku), price in facts.price_of.items() if order == order_id]
    offered = facts.price_of.get((order_id or "", read.get("offer_sku") or ""))
    price = offered if offered is not None else prices[0] if len(prices) == 1 else None
    # an order that is not here yet is named by its number; what reads this takes either
    sold = order_id or read["order_code"]
    return [("resold", {"attribution": "scan", "sold_order_id": sold, "resale_price": price})]


def _told(read: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in read.items() if name != "unit_label"}


def _same(type_: str) -> Callable[[dict[str, Any], Facts, UUID], Steps]:
    return lambda read, _facts, _unit: [(type_, _told(read))]


TRANSLATE: dict[str, Callable[[dict[str, Any], Facts, UUID], Steps]] = {
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
            "returned_to_buyer", "moved",
        )
    },
}  # fmt: skip
