"""What a person does at the desk, booked at once: a step is one event of the contract, and goes a WMS's way."""

import datetime as dt
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from include.db.connection import Connection
from include.db.statements import run
from include.domain.desk import label_of, record_of, return_order_of
from include.domain.second_look import BLIND_ROLE
from include.domain.staff import NEEDED, Staff
from include.domain.unit_life import VOIDED, person
from include.flows import claims
from include.flows.booking import book_rows
from include.flows.contacts import Sealer
from include.flows.desk_access import Desk, desk_of, units_by_id
from include.flows.quarantine import SENT_SOURCES, Reject, put_aside
from include.flows.second_look import as_seen_by
from include.flows.warehouse_events import keep_raw
from include.wms.contract import problems, without_strangers

AHEAD = dt.timedelta(minutes=15)  # a hand terminal's clock may be wrong by so much
MOST_AT_ONCE = 500
WAITED = "waited_seconds"
LOOKS = frozenset({"inspected", "second_look"})
FORBIDDEN_ROUTES = frozenset({"main", "resale"})


@dataclass(slots=True)
class _Sent:
    """An event on its way in. ``outcome`` is set once it is decided."""

    event: dict[str, Any]
    outcome: str | None = None
    reason_code: str | None = None
    reason: str | None = None
    unit_id: UUID | None = None
    quarantined: bool = field(default=False)

    def refuse(self, reason_code: str, reason: str) -> None:
        self.outcome, self.reason_code, self.reason = "rejected", reason_code, reason


def record(
    conn: Connection,
    staff: Staff,
    events: list[dict[str, Any]],
    now: dt.datetime,
    warehouse: str,
    sealer: Callable[[], Sealer] | None = None,
) -> list[dict[str, Any]]:
    """Judge and book what a person did at the desk of a warehouse, in the order given; return what became of each.

    An event is one of the contract with its own ``event_id``; a repeated one is a no-op. The desk fills in ``actor``
    (whoever is logged in), ``merchant_id`` and ``store_id`` of a known unit, and for ``received`` the label and the
    return order where none is given. ``occurred_at`` is ``now`` less ``waited_seconds``, for events that were kept
    while there was no connection, unless it is given.

    ``outcome`` is booked, repeated, duplicate_scan, waiting, compared, finding or rejected; ``reason_code`` and
    ``reason`` say why it is not booked. All of it happens in the caller's transaction; a rejected event does not keep
    the others. What breaks the contract or the law is put aside in the quarantine, sealed by ``sealer`` as it is to be
    judged again (:mod:`include.flows.desk_again`); what the person may not do is not kept at all.
    """
    if len(events) > MOST_AT_ONCE:
        raise ValueError(f"{len(events)} events at once: send at most {MOST_AT_ONCE}")
    desk = desk_of(conn, staff, warehouse)
    sent = [_Sent(dict(event)) for event in events]
    _repeated(conn, desk, staff, sent)
    _complete(conn, desk, staff, sent, now)
    told = _told(conn, desk, sent)
    for one in _undecided(sent):
        _judge(desk, staff, one, now)
    for one in _undecided(sent):
        _judge_place_and_time(desk, staff, one, told, now)
    for merchant_id, theirs in _by_merchant(_undecided(sent)).items():
        _book(conn, desk, staff, merchant_id, theirs, now)
    if rejects := _rejects(desk, sent):
        put_aside(conn, rejects, now, sealer and sealer())
    if passed := sorted({one.event["merchant_id"] for one in sent if _passed(one)}):
        run(conn, "desk/tell_passed", merchants=passed)
    units = as_seen_by(conn, staff, units_by_id(conn, [one.unit_id for one in sent if one.unit_id]))
    for one in sent:
        _explain(desk, staff, one, units.get(one.unit_id) if one.unit_id else None)
    return [_answer(one, units.get(one.unit_id) if one.unit_id else None) for one in sent]


def _passed(one: _Sent) -> bool:
    """Tell whether the event has just passed a unit's quality control."""
    return one.outcome == "booked" and one.event["type"] == "qc" and one.event.get("passed") is True


def _undecided(sent: Iterable[_Sent]) -> list[_Sent]:
    return [one for one in sent if one.outcome is None]


def _by_merchant(sent: list[_Sent]) -> dict[str, list[_Sent]]:
    theirs: dict[str, list[_Sent]] = {}
    for one in sent:
        theirs.setdefault(one.event["merchant_id"], []).append(one)
    return theirs


def _repeated(conn: Connection, desk: Desk, staff: Staff, sent: list[_Sent]) -> None:
    """Find the events that came before: a send whose answer was lost is repeated, and is refused again if it was."""
    ids = [one.event["event_id"] for one in sent if isinstance(one.event.get("event_id"), str)]
    known = {row["event_id"]: row for row in run(conn, "desk/sent", source=desk.source, event_ids=ids)}
    seen: set[str] = set()
    for one in sent:
        event_id = one.event.get("event_id")
        row = known.get(event_id) if isinstance(event_id, str) else None
        if row and not staff.may("viewer", row["merchant_id"]):
            one.refuse("not_allowed", "an event of this id is of a merchant that is not yours")
        elif row and row["outcome"] == "rejected":
            one.refuse("refused_before", "it was refused when it first came: the quarantine says why")
            one.unit_id = row["unit_id"]
        elif row or event_id in seen:
            one.outcome, one.unit_id = "repeated", row["unit_id"] if row else None
        seen.add(str(event_id))


def _complete(conn: Connection, desk: Desk, staff: Staff, sent: list[_Sent], now: dt.datetime) -> None:
    """Fill in what the desk knows better than a browser."""
    labels = [one.event["unit_label"] for one in _undecided(sent) if isinstance(one.event.get("unit_label"), str)]
    known = {row["unit_label"]: row for row in run(conn, "desk/labels", warehouse=desk.warehouse, labels=labels)}
    received: dict[str, dict[str, Any]] = {}
    for one in _undecided(sent):
        event = one.event
        event["actor"] = staff.user_name
        if event.get("type") == "qc":
            event["checked_by"] = staff.user_name
        waited = event.pop(WAITED, 0)
        if event.get("occurred_at") is None:
            seconds = waited if isinstance(waited, int | float) and 0 <= waited < 1e9 else 0
            event["occurred_at"] = (now - dt.timedelta(seconds=seconds)).isoformat()
        if event.get("type") == "received":
            _open_return_order(event)
            received[str(event.get("unit_label"))] = event
        unit = known.get(event.get("unit_label")) or received.get(str(event.get("unit_label"))) or {}
        if event.get("merchant_id") is None and unit:
            event["merchant_id"] = unit.get("merchant_id")
        stores = desk.stores_of(str(event.get("merchant_id")))
        if event.get("store_id") is None:
            event["store_id"] = unit.get("store_id") or (stores[0] if stores else None)
        for name in [name for name, value in event.items() if value is None]:
            del event[name]


def _open_return_order(event: dict[str, Any]) -> None:
    event_id = str(event.get("event_id"))
    event.setdefault("scan_id", event_id)
    if not event.get("unit_label"):
        event["unit_label"] = label_of(event_id)
    if not event.get("return_order_no"):
        event["return_order_no"] = return_order_of(event_id)


def _judge(desk: Desk, staff: Staff, one: _Sent, now: dt.datetime) -> None:
    """Refuse what may not be: in this order whose goods they are, what the person may do, what can be true."""
    event = one.event
    merchant_id, type_ = event.get("merchant_id"), event.get("type")
    if merchant_id is None:
        one.refuse("unknown_unit", f"no unit here bears the label {event.get('unit_label')}: say whose goods it is")
    elif merchant_id not in desk.merchant_ids or not staff.may("viewer", str(merchant_id)):
        one.refuse("not_allowed", f"{merchant_id} is no merchant of yours in the warehouse {desk.warehouse}")
    elif type_ in NEEDED and not staff.may(NEEDED[str(type_)], str(merchant_id)):
        one.refuse("not_allowed", f"{type_} needs the role {NEEDED[str(type_)]} for {merchant_id}")
    elif wrong := problems(event):
        one.refuse("contract", wrong)
        one.quarantined = True
    elif event["store_id"] not in desk.stores_of(str(merchant_id)):
        one.refuse("not_here", f"the store {event['store_id']} of {merchant_id} has no goods in {desk.warehouse}")
    elif dt.datetime.fromisoformat(event["occurred_at"]) > now + AHEAD:
        one.refuse("from_the_future", f"it would have happened at {event['occurred_at']}, and it is {now.isoformat()}")
        one.quarantined = True
    elif type_ == "second_look" and staff.role(str(merchant_id)) != BLIND_ROLE:
        one.refuse("not_blind", "whoever may see what the first inspector found takes no second look")
    elif type_ in LOOKS and event["signs_of_use"] and event["route"] in FORBIDDEN_ROUTES:
        one.refuse("policy", "goods with signs of use may not become a Kaspi offer: choose another route")
        one.quarantined = True


def _judge_place_and_time(
    desk: Desk, staff: Staff, one: _Sent, told: dict[str, dict[str, Any]], now: dt.datetime
) -> None:
    event = one.event
    if event.get("zone") is not None and event["zone"] not in desk.zones:
        one.refuse("unknown_zone", f"the warehouse {desk.warehouse} has no zone {event['zone']}")
        one.quarantined = True
    elif (
        event["type"] == VOIDED
        and (earlier := told.get(event["voids"]))
        and (
            not staff.may_void(event["merchant_id"], earlier["actor"], earlier["recorded_at"], now, desk.void_minutes)
            or earlier["merchant_id"] != event["merchant_id"]
        )
    ):
        one.refuse("too_late_to_void", f"after {desk.void_minutes} minutes, or of another person: ask a supervisor")


def _told(conn: Connection, desk: Desk, sent: list[_Sent]) -> dict[str, dict[str, Any]]:
    """Return the earlier events that these take back; one of this very send is his own, and new."""
    ids = [one.event["voids"] for one in _undecided(sent) if isinstance(one.event.get("voids"), str)]
    if not ids:
        return {}
    rows = run(conn, "core/warehouse_event__told", sources=[desk.source] * len(ids), event_ids=ids)
    return {row["event_id"]: row for row in rows}


def _book(conn: Connection, desk: Desk, staff: Staff, merchant_id: str, sent: list[_Sent], now: dt.datetime) -> None:
    """Store and book the events of one merchant, raw to ledger to claim, in the caller's transaction."""
    keep_raw(conn, desk.source, [one.event for one in sent], now)
    rows = run(
        conn,
        "core/warehouse_event__sent",
        source=desk.source,
        merchant_id=merchant_id,
        event_ids=[one.event["event_id"] for one in sent],
        now=now,
    ).fetchall()
    fresh = {row["event_id"] for row in rows}
    for portion in _portions(rows):
        booking = book_rows(conn, now, merchant_id, portion)
        told = {row["event_id"] for row in portion}
        for one in sent:
            key = (desk.source, one.event["event_id"])
            if key[1] in told:
                one.outcome = booking.outcomes.get(key, "waiting")
                one.unit_id = booking.units.get(key)
                one.reason = booking.reasons.get(key)
    claims.refresh(conn, {one.unit_id for one in sent if one.unit_id}, now)
    # another sender of the same was quicker, and has booked it by now
    _repeated(conn, desk, staff, [one for one in sent if one.event["event_id"] not in fresh])


def _portions(rows: list[dict[str, Any]]) -> Iterable[list[dict[str, Any]]]:
    """Cut before every correction: what it takes back may be in the same send, and has to be booked by then."""
    portion: list[dict[str, Any]] = []
    for row in rows:
        if row["type"] == "voided" and portion:
            yield portion
            portion = []
        portion.append(row)
    if portion:
        yield portion


def _explain(desk: Desk, staff: Staff, one: _Sent, unit: dict[str, Any] | None) -> None:
    """Say why an event that was let in is not booked."""
    match one.outcome:
        case "rejected" if one.reason_code is None:
            hands = map(person, (unit or {}).get("worked_by") or ())
            himself = one.event["type"] in ("qc", "second_look") and person(staff.user_name) in hands
            one.reason_code = "same_person" if himself else "illegal"
        case "waiting":
            one.reason_code = "early"
        case "compared":
            kept = record_of(one.event["type"], desk.system_of_record)
            one.reason = f"the warehouse {desk.warehouse} books {one.event['type']} from its {kept or 'own counts'}"
            one.reason_code = "compared"
        case "duplicate_scan":
            one.reason_code = "duplicate_scan"


def _rejects(desk: Desk, sent: list[_Sent]) -> list[Reject]:
    return [
        Reject(
            str(one.event["merchant_id"]), f"{SENT_SOURCES}{desk.source}", str(one.event.get("event_id")),
            str(one.reason), without_strangers(one.event), f"desk of {one.event['actor']}",
            json.dumps(one.event).encode(),
        )
        for one in sent
        if one.quarantined
    ]  # fmt: skip


def _answer(one: _Sent, unit: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "event_id": one.event.get("event_id"),
        "type": one.event.get("type"),
        "outcome": one.outcome,
        "reason_code": one.reason_code,
        "reason": one.reason,
        "unit": unit,
        "zone": unit["zone"] if unit else None,
        "return_order_no": unit["return_order_no"] if unit else None,
        "unit_label": unit["unit_label"] if unit else one.event.get("unit_label"),
    }
