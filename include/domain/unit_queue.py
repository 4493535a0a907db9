"""What a unit's queue of events comes to: booked in their order, too early, or never legal. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from include.domain.unit_life import VOIDED, Event, IllegalEvent, Unit, apply, check, take_back


class Booked(NamedTuple):
    """An event with its place in the unit's life."""

    event: Event
    seq: int
    state_from: str | None
    state_to: str


@dataclass(slots=True)
class Settled:
    """The unit after its queue. ``early`` and ``never`` map the ids of what was not booked to the reasons."""

    unit: Unit
    booked: list[Booked] = field(default_factory=list)
    early: dict[UUID, str] = field(default_factory=dict)
    never: dict[UUID, str] = field(default_factory=dict)


def settle(unit: Unit, queue: Sequence[Event], history: Sequence[Event] = ()) -> Settled:
    """Book what is legal, in the order given, again and again until nothing of the queue moves the unit any more.

    ``history`` is what is booked of the unit already; only a ``voided`` event needs it.
    """
    settled = Settled(unit)
    past = list(history)
    pending: Sequence[Event] = queue
    booked_before = -1
    while pending and len(settled.booked) > booked_before:
        booked_before = len(settled.booked)
        pending = _round(settled, pending, past)
    return settled


def _round(settled: Settled, pending: Sequence[Event], past: list[Event]) -> list[Event]:
    """Try every pending event once; return those that come too early still."""
    settled.early.clear()
    waiting: list[Event] = []
    for event in pending:
        before = settled.unit
        try:
            after = _after(before, event, past)
        except IllegalEvent as illegal:
            if illegal.later:
                waiting.append(event)
                settled.early[event.event_id] = str(illegal)
            else:
                settled.never[event.event_id] = str(illegal)
            continue
        assert after.state is not None
        settled.booked.append(Booked(event, after.seq, before.state, after.state))
        past.append(event)
        settled.unit = after
    return waiting


def _after(unit: Unit, event: Event, history: Sequence[Event]) -> Unit:
    if event.merchant_id != unit.merchant_id:
        raise IllegalEvent("the unit belongs to another merchant", later=False)
    if event.type == VOIDED:
        return take_back(unit, history, event)
    check(unit, event)
    return apply(unit, event)
