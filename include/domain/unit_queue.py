"""What a unit's queue of events comes to: booked in their order, too early, or never legal. Pure."""

import datetime as dt
from bisect import insort
from collections.abc import Iterable, Sequence
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


@dataclass(slots=True)
class _Early:
    """An event that waits: why, and after how many booked ones it was tried last."""

    event: Event
    reason: str
    tried: int

    @property
    def place(self) -> tuple[dt.datetime, UUID]:
        """Return its place in the order of the facts."""
        return self.event.occurred_at, self.event.event_id


def settle(unit: Unit, queue: Iterable[Event], history: Iterable[Event] = ()) -> Settled:
    """Book what is legal, in the order given; what comes too early is tried again whenever the unit has moved.

    It is tried in the order of the facts: before the next event of the queue where it happened before that, so that it
    is not overtaken, and in the end until nothing moves any more. ``history`` is what is booked of the unit already;
    only a ``voided`` event needs it.
    """
    settled = Settled(unit)
    past = list(history)
    early: list[_Early] = []
    for event in queue:
        if early:
            _try_again(settled, early, past, event.occurred_at)
        _try(settled, early, past, event)
    _try_again(settled, early, past, None)
    settled.early = {one.event.event_id: one.reason for one in early}
    return settled


def _try(settled: Settled, early: list[_Early], past: list[Event], event: Event) -> None:
    before = settled.unit
    try:
        after = _after(before, event, past)
    except IllegalEvent as illegal:
        if illegal.later:
            insort(early, _Early(event, str(illegal), len(settled.booked)), key=lambda one: one.place)
        else:
            settled.never[event.event_id] = str(illegal)
        return
    assert after.state is not None
    settled.booked.append(Booked(event, after.seq, before.state, after.state))
    past.append(event)
    settled.unit = after


def _try_again(settled: Settled, early: list[_Early], past: list[Event], until: dt.datetime | None) -> None:
    """Try what happened not after ``until`` and was not tried since the unit moved, the earliest first each time."""
    while True:
        due = next(
            (
                place
                for place, one in enumerate(early)
                if one.tried < len(settled.booked) and (until is None or one.event.occurred_at <= until)
            ),
            None,
        )
        if due is None:
            return
        _try(settled, early, past, early.pop(due).event)


def _after(unit: Unit, event: Event, history: Sequence[Event]) -> Unit:
    if event.merchant_id != unit.merchant_id:
        raise IllegalEvent("the unit belongs to another merchant", later=False)
    if event.type == VOIDED:
        return take_back(unit, history, event)
    check(unit, event)
    return apply(unit, event)
