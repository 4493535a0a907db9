"""The life of a unit: which event is legal when, and what it changes. One table is the law."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Any
from uuid import UUID

BORN = None  # the state before the first event


@dataclass(frozen=True, slots=True)
class Rule:
    """An event ``type`` takes a unit from one of ``sources`` to ``target``; ``required`` names its payload.

    The target ``STAYS`` leaves the unit in the state it is in.
    """

    type: str
    sources: tuple[str | None, ...]
    target: str
    required: tuple[str, ...] = ()


COMING = ("requested", "in_transit", "at_pickup_point")

STAYS = "(stays)"

MOVES: tuple[Rule, ...] = (
    Rule("requested", (BORN,), "requested", ("case_id", "order_id", "entry_id", "piece", "sku")),
    Rule("in_transit", ("requested",), "in_transit"),
    Rule("at_pickup_point", ("requested", "in_transit"), "at_pickup_point"),
    Rule("received", (BORN, *COMING, "lost", "cancelled"), "received", ("source", "scan_id")),
    Rule("unexpected", (BORN,), "unexpected", ("source", "scan_id")),
    Rule("adopted", ("unexpected", "wrong_item"), "received"),
    Rule("inspected", ("received", "inspected"), "inspected", ("grade", "finding", "signs_of_use")),
    Rule("wrong_item", ("received", "inspected"), "wrong_item"),
    Rule("repacked", ("inspected",), "repacked"),
    Rule("in_repair", ("inspected",), "in_repair"),
    Rule("repaired", ("in_repair",), "repaired"),
    Rule("unrecoverable", ("inspected", "in_repair"), "unrecoverable"),
    Rule("qc_passed", ("inspected", "repacked", "repaired"), "qc"),
    Rule("qc_failed", ("inspected", "repacked", "repaired"), "inspected"),
    Rule("restock_pending", ("qc",), "restock_pending", ("channel", "offer_sku")),
    Rule("on_sale", ("restock_pending",), "on_sale", ("proof",)),
    Rule("resold", ("on_sale",), "resold", ("attribution",)),
    Rule("withdrawn", ("restock_pending", "on_sale"), "inspected"),
    Rule("written_off", ("unrecoverable",), "written_off"),
    Rule("to_supplier", ("unrecoverable", "unexpected", "wrong_item"), "to_supplier"),
    Rule("disposed", ("unrecoverable", "unexpected", "wrong_item"), "disposed"),
    Rule("returned_to_buyer", ("received", "inspected", "unexpected", "wrong_item"), "returned_to_buyer"),
    Rule("lost", COMING, "lost"),
    Rule("cancelled", COMING, "cancelled"),
)
VOIDED = "voided"
STATES: tuple[str, ...] = tuple(dict.fromkeys(rule.target for rule in MOVES))
HERE = tuple(state for state in STATES if state not in {*COMING, "unexpected", "lost", "cancelled"})
# A piece that came without a line is given one when a later fact says it, wherever it is by then, gone again too.
LIFE: tuple[Rule, ...] = (*MOVES, Rule("placed", HERE, STAYS, ("entry_id", "piece", "sku")))
RULES: Mapping[str, Rule] = {rule.type: rule for rule in LIFE}
ENDS = frozenset({"resold", "written_off", "to_supplier", "disposed", "returned_to_buyer", "cancelled", "lost"})
WORK = frozenset({"repacked", "in_repair", "repaired"})


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to one unit. ``event_id`` makes a repetition a no-op."""

    event_id: UUID
    unit_id: UUID
    merchant_id: str
    type: str
    occurred_at: dt.datetime
    actor: str
    source: str
    payload: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unit:
    """The projection of a unit's events; the fields are the columns of ``ledger.unit``."""

    unit_id: UUID
    merchant_id: str
    state: str | None = BORN
    seq: int = 0
    case_id: str | None = None
    order_id: str | None = None
    entry_id: str | None = None
    piece: int | None = None
    sku: str | None = None
    store_id: str | None = None
    source: str | None = None
    scan_id: str | None = None
    unit_label: str | None = None
    return_order_no: str | None = None
    previous_unit_id: str | None = None
    unexpected: bool = False
    grade: str | None = None
    route: str | None = None
    zone: str | None = None
    worked_by: list[str] | None = None
    stated_reason: str | None = None
    finding: str | None = None
    cause: str | None = None
    cause_confidence: float | None = None
    signs_of_use: bool | None = None
    repaired: bool = False
    channel: str | None = None
    offer_sku: str | None = None
    resale_price: int | None = None
    requested_at: dt.datetime | None = None
    received_at: dt.datetime | None = None
    inspected_at: dt.datetime | None = None
    routed_at: dt.datetime | None = None
    qc_at: dt.datetime | None = None
    restocked_at: dt.datetime | None = None
    on_sale_at: dt.datetime | None = None
    resold_at: dt.datetime | None = None
    closed_at: dt.datetime | None = None
    attribution: str | None = None
    sold_order_id: str | None = None


COLUMNS: tuple[str, ...] = tuple(item.name for item in fields(Unit))

# Which columns of the projection an event's payload may set.
IDENTITY = ("case_id", "order_id", "entry_id", "piece", "sku", "store_id", "previous_unit_id")
SCAN = ("source", "scan_id", "unit_label", "return_order_no", "stated_reason", "zone")
PAYLOAD: Mapping[str, tuple[str, ...]] = {
    "requested": (*IDENTITY, "stated_reason"),
    "received": (*IDENTITY, *SCAN),
    "unexpected": (*IDENTITY, *SCAN),
    "adopted": IDENTITY,
    "placed": ("entry_id", "piece", "sku"),
    "inspected": ("grade", "route", "zone", "finding", "cause", "cause_confidence", "signs_of_use"),
    "restock_pending": ("channel", "offer_sku", "resale_price"),
    "resold": ("attribution", "sold_order_id", "resale_price"),
}
# The first time each event happened.
MOMENTS: Mapping[str, tuple[str, ...]] = {
    "requested": ("requested_at",),
    "received": ("received_at",),
    "unexpected": ("received_at",),
    "inspected": ("inspected_at", "routed_at"),
    "qc_passed": ("qc_at",),
    "restock_pending": ("restocked_at",),
    "on_sale": ("on_sale_at",),
    "resold": ("resold_at",),
}


class IllegalEvent(ValueError):
    """The event is not legal for the unit as it stands; ``later`` tells whether it may become so."""

    def __init__(self, reason: str, *, later: bool) -> None:
        super().__init__(reason)
        self.later = later


@cache
def reachable(state: str | None) -> frozenset[str | None]:
    """Return the states a unit in ``state`` can still come to, itself included."""
    seen: set[str | None] = {state}
    frontier = [state]
    while frontier:
        here = frontier.pop()
        for rule in MOVES:
            if here in rule.sources and rule.target not in seen:
                seen.add(rule.target)
                frontier.append(rule.target)
    return frozenset(seen)


def check(unit: Unit, event: Event) -> Rule:
    """Return the rule that allows ``event`` now, or raise :class:`IllegalEvent`."""
    rule = RULES.get(event.type)
    if rule is None:
        raise IllegalEvent(f"unknown event type {event.type!r}", later=False)
    missing = [name for name in rule.required if event.payload.get(name) is None]
    if missing:
        raise IllegalEvent(f"{event.type} lacks {', '.join(missing)}", later=False)
    if unit.state not in rule.sources:
        later = bool(reachable(unit.state).intersection(rule.sources))
        raise IllegalEvent(f"{event.type} is not legal for a unit that is {unit.state or 'not born'}", later=later)
    if event.type == "placed" and unit.entry_id is not None:
        raise IllegalEvent(f"the unit is a piece of line {unit.entry_id} already", later=False)
    if event.type in ("qc_passed", "qc_failed") and event.actor in (unit.worked_by or ()):
        raise IllegalEvent(f"QC by {event.actor}, who inspected or repaired the unit himself", later=False)
    if event.type == "restock_pending" and event.payload["channel"] != "off_kaspi" and not fit_for_kaspi(unit):
        raise IllegalEvent("used or repaired goods may not become a Kaspi offer", later=False)
    return rule


def fit_for_kaspi(unit: Unit) -> bool:
    """Kaspi forbids used goods: no signs of use and never repaired."""
    return unit.signs_of_use is False and not unit.repaired


def apply(unit: Unit, event: Event) -> Unit:
    """Return the unit after ``event``; the caller has checked that it is legal."""
    rule = RULES[event.type]
    changes: dict[str, Any] = {
        name: event.payload[name] for name in PAYLOAD.get(event.type, ()) if event.payload.get(name) is not None
    }
    for name in MOMENTS.get(event.type, ()):
        if getattr(unit, name) is None:
            changes[name] = event.occurred_at
    if event.type == "inspected":
        changes["worked_by"] = [event.actor]
    elif event.type in WORK:
        changes["worked_by"] = sorted({*(unit.worked_by or ()), event.actor})
    if event.type == "repaired":
        changes["repaired"] = True
    if event.type == "unexpected":
        changes["unexpected"] = True
    if event.type == "withdrawn":
        changes.update(channel=None, offer_sku=None)
    if rule.target != STAYS:
        changes["state"] = rule.target
        changes["closed_at"] = event.occurred_at if rule.target in ENDS else None
    return replace(unit, seq=unit.seq + 1, **changes)


def effective(events: Iterable[Event]) -> list[Event]:
    """Return the events that count: a voided one and its correction are both left out.

    ``voided`` names the unit's last effective event, so mistakes further back go in reverse order.
    """
    standing: list[Event] = []
    for event in events:
        if event.type != VOIDED:
            standing.append(event)
        elif standing and str(standing[-1].event_id) == str(event.payload.get("event_id")):
            standing.pop()
        else:
            raise IllegalEvent(
                f"voided must name the unit's last effective event, not {event.payload.get('event_id')}", later=False
            )
    return standing


def project(unit_id: UUID, merchant_id: str, history: Iterable[Event]) -> Unit:
    """Rebuild a unit from its whole history in the order of ``seq``."""
    history = list(history)
    unit = Unit(unit_id, merchant_id)
    for event in effective(history):
        unit = apply(unit, event)
    return replace(unit, seq=len(history))
