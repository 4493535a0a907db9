"""What one more day of waiting costs, in whole tenge: by this the desk's queue is ordered."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Deadline:
    """A clock that runs out at ``due_at``; ``at_stake`` is what is lost then, in tenge."""

    due_at: dt.datetime
    at_stake: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A unit that waits. ``price`` is what it would sell for now, ``loss_permille`` what it loses of that a day."""

    price: int | None
    storage_a_day: int
    loss_permille: int
    deadlines: Sequence[Deadline] = ()


def cost_of_a_day(unit: Waiting, now: dt.datetime) -> int:
    """Return what it costs to leave the unit until tomorrow: its storage, its loss of value, and its clocks.

    A clock costs what is at stake, shared by the days that are left: all of it on the last day. One that ran out costs
    nothing more. A price that nobody knows counts nothing: no guess puts a unit before another.
    """
    loss = (unit.price or 0) * unit.loss_permille // 1000
    return unit.storage_a_day + loss + sum(_share_of_today(one, now) for one in unit.deadlines)


def _share_of_today(deadline: Deadline, now: dt.datetime) -> int:
    left = deadline.due_at - now
    if left <= dt.timedelta(0):
        return 0
    days = max(1, -(-left // DAY))
    return deadline.at_stake // days
