"""The house's clocks: working days of Kazakhstan, a merchant's deadlines, the hours in which nobody is disturbed.

Days are Almaty's, and so are the hours. Figures come in as values: they are settings.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays

ALMATY = ZoneInfo("Asia/Almaty")
DAY = dt.timedelta(days=1)
# What is over for longer is no news: a first load must not tell of last year's.
NEWS = dt.timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Kazakhstan's working days. ``changes`` are days moved by decree: True is worked, False is off."""

    changes: Mapping[dt.date, bool] = field(default_factory=dict)

    @classmethod
    def of_setting(cls, value: Mapping[str, str]) -> "Calendar":
        """Return the calendar with the changes of a setting, like ``{"2027-01-04": "off"}``. Raises ValueError."""
        return cls({dt.date.fromisoformat(day): kind == "working" for day, kind in value.items()})

    def works(self, day: dt.date) -> bool:
        """Tell whether people work on that day."""
        moved = self.changes.get(day)
        return bool(_kazakhstan().is_working_day(day)) if moved is None else moved

    def after(self, day: dt.date, count: int) -> dt.date:
        """Return the ``count``-th working day after ``day``, which itself does not count."""
        while count:
            day += DAY
            count -= self.works(day)
        return day


@cache
def _kazakhstan() -> Any:
    """Return the library's calendar: holidays, those kept on another day, and working weekends; years as asked."""
    return holidays.country_holidays("KZ")


def decision_start(arrived_at: dt.datetime | None, scanned_at: dt.datetime | None) -> dt.datetime | None:
    """Return when the clock of the decision starts: Kaspi's arrival step or our first scan, whichever was earlier."""
    return min((moment for moment in (arrived_at, scanned_at) if moment is not None), default=None)


def decision_due(started_at: dt.datetime, working_days: int, calendar: Calendar) -> dt.datetime:
    """Return until when the merchant decides: the end of the last working day. Then silence is a yes."""
    last = calendar.after(started_at.astimezone(ALMATY).date(), working_days)
    return dt.datetime.combine(last + DAY, dt.time(), ALMATY)


class Urgency(StrEnum):
    """What a deadline is to its owner just now."""

    NEW = "new"
    NEAR = "near"
    PASSED = "passed"


def urgency(due_at: dt.datetime, now: dt.datetime, near: dt.timedelta) -> Urgency | None:
    """Return what to tell of an open deadline; None where it passed so long ago that it is no news."""
    if now < due_at - near:
        return Urgency.NEW
    if now < due_at:
        return Urgency.NEAR
    return Urgency.PASSED if now - due_at < NEWS else None


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From when to when of each Almaty day nobody is disturbed; over midnight where ``begin`` is after ``end``."""

    begin: dt.time
    end: dt.time

    @classmethod
    def of_setting(cls, value: Sequence[str]) -> "QuietHours":
        """Return the hours of a setting, like ``["21:00", "09:00"]``; an empty one has none. Raises ValueError."""
        if not value:
            return cls(dt.time(), dt.time())
        begin, end = map(dt.time.fromisoformat, value)
        return cls(begin, end)

    def hold(self, moment: dt.datetime) -> bool:
        """Tell whether nobody is to be disturbed at that moment. The end itself is loud again."""
        time = moment.astimezone(ALMATY).time()
        if self.begin <= self.end:
            return self.begin <= time < self.end
        return time >= self.begin or time < self.end

    def loud_since(self, moment: dt.datetime) -> dt.datetime:
        """Return when the quiet hours before ``moment`` ended last."""
        local = moment.astimezone(ALMATY)
        day = local.date() if local.time() >= self.end else local.date() - DAY
        return dt.datetime.combine(day, self.end, ALMATY)
