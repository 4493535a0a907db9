"""The life of a unit: which event is legal when, and what it changes. One table is the law."""

import datetime as dt
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from operator import attrgetter
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
GONE = frozenset({"resold", "written_off", "to_supplier", "disposed", "returned_to_buyer"})  # it left the house
ENDS = GONE | {"cancelled", "lost"}
HERE = tuple(state for state in STATES if state not in {*COMING, "unexpected", "lost", "cancelled"})
IN_HOUSE = tuple(state for state in STATES if state in {*HERE, "unexpected"} - GONE)
LIFE: tuple[Rule, ...] = (
    *MOVES,
    # A piece that came without a line is given one when a later fact says it, wherever it is by then, gone again too.
    Rule("placed", HERE, STAYS, ("entry_id", "piece", "sku")),
    Rule("moved", IN_HOUSE, STAYS, ("zone",)),
)
RULES: Mapping[str, Rule] = {rule.type: rule for rule in LIFE}
NEVER_WAS = "cancelled"  # the state of a unit whose birth by a scan was voided
WORK = frozenset({"inspected", "repacked", "in_repair", "repaired"})  # whoever did one of these does no QC of the unit
# Told of an offered unit: somebody has it in hand again, so it is withdrawn first. A second QC tells nothing new.
OFF_THE_SHELF = frozenset(rule.type for rule in MOVES if "inspected" in rule.sources) - {"qc_passed"}
CHANNELS = ("main", "resale", "off_kaspi")
ATTRIBUTIONS = ("scan", "fifo")


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


@dataclass(frozen=True)  # no slots: a changed copy is made for every event, and copying a dict is ten times cheaper
class Unit:
    """The projection of a unit's events; the fields are the columns of ``ledger.unit``."""

    unit_id: UUID
    merchant_id: str
    state: str | None = BORN
    seq: int = 0
    case_id: UUID | None = None
    order_id: str | None = None
    entry_id: str | None = None
    piece: int | None = None
    sku: str | None = None
    store_id: str | None = None
    source: str | None = None
    scan_id: str | None = None
    unit_label: str | None = None
    return_order_no: str | None = None
    previous_unit_id: UUID | None = None
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
values_of = attrgetter(*COLUMNS)  # of a unit, in the order of COLUMNS

# Which columns of the projection an event's payload may set.
IDENTITY = ("case_id", "order_id", "entry_id", "piece", "sku", "store_id", "previous_unit_id")
SCAN = ("source", "scan_id", "unit_label", "return_order_no", "stated_reason", "zone")
PLACE = ("zone",)  # where the unit lies from now on
PAYLOAD: Mapping[str, tuple[str, ...]] = {
    "requested": (*IDENTITY, "stated_reason"),
    "received": (*IDENTITY, *SCAN),
    "unexpected": (*IDENTITY, *SCAN),
    "adopted": IDENTITY,
    "placed": ("entry_id", "piece", "sku"),
    "inspected": ("grade", "route", "zone", "finding", "cause", "cause_confidence", "signs_of_use"),
    **dict.fromkeys(
        ("wrong_item", "repacked", "in_repair", "repaired", "unrecoverable", "qc_passed", "qc_failed", "moved"), PLACE
    ),
    "restock_pending": ("channel", "offer_sku", "resale_price"),
    "resold": ("attribution", "sold_order_id", "resale_price"),
}
# What it changes besides.
NOTHING: Mapping[str, Any] = {}
EFFECTS: Mapping[str, Mapping[str, Any]] = {
    "unexpected": {"unexpected": True},
    "repaired": {"repaired": True},
    "withdrawn": {"channel": None, "offer_sku": None},
}
IDS = frozenset({"case_id", "previous_unit_id"})  # uuids, which JSON knows as text
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
    for name in rule.required:
        if event.payload.get(name) is None:
            missing = [name for name in rule.required if event.payload.get(name) is None]
            raise IllegalEvent(f"{event.type} lacks {', '.join(missing)}", later=False)
    if unit.state not in rule.sources:
        later = bool(reachable(unit.state).intersection(rule.sources))
        raise IllegalEvent(f"{event.type} is not legal for a unit that is {unit.state or 'not born'}", later=later)
    if promise := PROMISES.get(event.type):
        promise(unit, event)
    return rule


def _placed_once(unit: Unit, _: Event) -> None:
    if unit.entry_id is not None:
        raise IllegalEvent(f"the unit is a piece of line {unit.entry_id} already", later=False)


def _by_another_person(unit: Unit, event: Event) -> None:
    if person(event.actor) in map(person, unit.worked_by or ()):
        raise IllegalEvent(f"QC by {event.actor}, who inspected or repaired the unit himself", later=False)


def _fit_for_its_channel(unit: Unit, event: Event) -> None:
    channel = event.payload["channel"]
    if channel not in CHANNELS:
        raise IllegalEvent(f"channel {channel!r} is none of {', '.join(CHANNELS)}", later=False)
    if channel != "off_kaspi" and not fit_for_kaspi(unit):
        raise IllegalEvent("used or repaired goods may not become a Kaspi offer", later=False)


def _known_attribution(_: Unit, event: Event) -> None:
    if event.payload["attribution"] not in ATTRIBUTIONS:
        given = event.payload["attribution"]
        raise IllegalEvent(f"attribution {given!r} is none of {', '.join(ATTRIBUTIONS)}", later=False)


# What an event must keep besides its state and its payload.
PROMISES: Mapping[str, Callable[[Unit, Event], None]] = {
    "placed": _placed_once,
    "qc_passed": _by_another_person,
    "qc_failed": _by_another_person,
    "restock_pending": _fit_for_its_channel,
    "resold": _known_attribution,
}


@cache
def person(actor: str) -> str:
    """Return what tells two people apart: sources write one name in capitals, or with another space."""
    return " ".join(unicodedata.normalize("NFKC", actor).split()).casefold()


def fit_for_kaspi(unit: Unit) -> bool:
    """Kaspi forbids used goods: no signs of use and never repaired."""
    return unit.signs_of_use is False and not unit.repaired


def apply(unit: Unit, event: Event) -> Unit:
    """Return the unit after ``event``; the caller has checked that it is legal."""
    type_, target, given = event.type, RULES[event.type].target, event.payload
    after = unit.__dict__.copy()
    after["seq"] += 1
    for name in PAYLOAD.get(type_, ()):
        value = given.get(name)
        if value is not None:
            after[name] = value if name not in IDS else UUID(str(value))
    for name in MOMENTS.get(type_, ()):
        if after[name] is None:
            after[name] = event.occurred_at
    if type_ in WORK:
        after["worked_by"] = sorted({*(unit.worked_by or ()), event.actor})
    after.update(EFFECTS.get(type_, NOTHING))
    if unit.signs_of_use:  # they do not go away by another look: a mistake is voided
        after["signs_of_use"] = True
    if target != STAYS:
        after["state"] = target
        after["closed_at"] = event.occurred_at if target in ENDS else None
        if target in GONE:
            after["zone"] = None
    return unit_of(after)


def unit_of(row: dict[str, Any]) -> Unit:
    """Return the unit of a row of ``ledger.unit``; the row has all its COLUMNS, and nobody else may change it."""
    unit = object.__new__(Unit)
    object.__setattr__(unit, "__dict__", row)
    return unit


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
    """Rebuild a unit from its whole history in the order of ``seq``.

    One of which nothing counts any more was born by a scan that was a mistake: it never was.
    """
    history = list(history)
    unit = Unit(unit_id, merchant_id)
    for event in effective(history):
        unit = apply(unit, event)
    if unit.state is BORN and history:
        unit = replace(unit, state=NEVER_WAS, closed_at=history[-1].occurred_at)
    return unit if unit.seq == len(history) else replace(unit, seq=len(history))


def take_back(unit: Unit, history: Sequence[Event], event: Event) -> Unit:
    """Return the unit after ``event``, a ``voided`` one; ``history`` is all that is booked of it.

    Raises :class:`IllegalEvent`, which may become legal ``later`` where what it names is not booked yet, or still has
    events after it that count: those go first.
    """
    named = str(event.payload.get("event_id") or "")
    if not named:
        raise IllegalEvent("voided lacks event_id", later=False)
    standing = effective(history)
    if not any(str(one.event_id) == named for one in history):
        raise IllegalEvent(f"voided names {named}, which is not booked for this unit", later=True)
    if not any(str(one.event_id) == named for one in standing):
        raise IllegalEvent(f"voided names {named}, which was taken back already or is a correction", later=False)
    if str(standing[-1].event_id) != named:
        last = standing[-1]
        raise IllegalEvent(
            f"voided must name the unit's last effective event, {last.type} {last.event_id}, not {named}", later=True
        )
    if standing[-1].type == "requested":
        raise IllegalEvent("the birth of an expected unit cannot be voided: cancel the unit", later=False)
    return project(unit.unit_id, unit.merchant_id, [*history, event])
