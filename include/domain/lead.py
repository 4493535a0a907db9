"""What a weekly report says first: three lines that tell what changed most, why it matters, and what runs out.

Each line is a topic with its figures; the words are the locale's. Where nothing changed, or where there are too few
pieces to tell a change from chance, that is what the first line says.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from include.domain.change import FEWEST, Week, moved, strength

PRESSING = dt.timedelta(hours=48)  # a deadline this near comes before everything else

Topic = Literal["signal", "number", "fewer", "quiet", "few", "flow", "clocks", "questions", "calm"]


@dataclass(frozen=True, slots=True)
class Rise:
    """A cell that stands out: pieces that came back of those that could, the usual share, the price of one in tenge."""

    direction: Literal["up", "down"]
    returned: int
    could_be_back: int
    baseline: float
    piece_price: int | None = None

    @property
    def pieces(self) -> int:
        """Return how many pieces more (or fewer) came back than usual."""
        return round(abs(self.returned - self.baseline * self.could_be_back))

    @property
    def money(self) -> int:
        """Return what these pieces were sold for, whole tenge; 0 where no price is known."""
        return self.pieces * (self.piece_price or 0)


@dataclass(frozen=True, slots=True)
class Number:
    """A KPI of its newest week beside the week before."""

    newest: Week
    before: Week
    unit: Literal["share", "hours", "tenge"] = "share"
    good: Literal["low", "high"] = "low"

    @property
    def changed(self) -> bool:
        """Tell whether it moved by more than chance."""
        return moved(self.newest, self.before)

    @property
    def strength(self) -> float:
        """Return the logarithm of its ratio to the week before: as far up as down; 0 where there is none."""
        return strength(self.newest.value, self.before.value)

    @property
    def better(self) -> bool:
        """Tell whether it moved to the good side."""
        return ((self.newest.value or 0) > (self.before.value or 0)) == (self.good == "high")

    @property
    def money(self) -> int:
        """Return what the change made of all its units, whole tenge; 0 for what is not money."""
        return self._difference() if self.unit == "tenge" else 0

    @property
    def pieces(self) -> int:
        """Return how many of its units the change of a share is; 0 for what is no share."""
        return self._difference() if self.unit == "share" else 0

    def _difference(self) -> int:
        if self.newest.value is None or self.before.value is None:
            return 0
        return round(abs(self.newest.value - self.before.value) * self.newest.n)


@dataclass(frozen=True, slots=True)
class Deadline:
    """Things of one kind whose time runs out on one day; ``money`` in whole tenge."""

    kind: Literal["decision", "claim"]
    count: int
    money: int
    first_due: dt.datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One of the three lines. ``place`` is the index of the rise or number it is about; figures are of what it says."""

    topic: Topic
    place: int | None = None
    pieces: int = 0
    money: int = 0
    better: bool = False


def lead(
    now: dt.datetime,
    received: int,
    received_before: int,
    rises: Sequence[Rise],
    numbers: Sequence[Number],
    deadlines: Sequence[Deadline],
    questions: int,
) -> tuple[Line, Line, Line]:
    """Return the three lines, the most important first.

    ``rises`` come with the surest first, ``questions`` is how many differences are open. The change comes before the
    flow of goods, that before what runs out; a deadline within two days comes before both.
    """
    told = [_change(received, received_before, rises, numbers), Line("flow"), _risk(deadlines, questions)]
    if any(one.first_due - now <= PRESSING for one in deadlines):
        told.insert(0, told.pop())
    return told[0], told[1], told[2]


def _change(received: int, received_before: int, rises: Sequence[Rise], numbers: Sequence[Number]) -> Line:
    """What comes back more than before goes first, by its money; then a number; then what comes back less."""
    up = [place for place, one in enumerate(rises) if one.direction == "up"]
    if up:
        place = max(up, key=lambda one: (rises[one].money, rises[one].pieces, -one))
        return Line("signal", place, rises[place].pieces, rises[place].money)
    changed = [place for place, one in enumerate(numbers) if one.changed]
    if changed:
        place = max(changed, key=lambda one: (numbers[one].money, abs(numbers[one].strength), -one))
        one = numbers[place]
        return Line("number", place, one.pieces, one.money, one.better)
    if rises:
        return Line("fewer", 0, rises[0].pieces, rises[0].money, better=True)
    return Line("few" if max(received, received_before) < FEWEST else "quiet")


def _risk(deadlines: Sequence[Deadline], questions: int) -> Line:
    if deadlines:
        return Line("clocks", pieces=sum(one.count for one in deadlines), money=sum(one.money for one in deadlines))
    return Line("questions", pieces=questions) if questions else Line("calm")
