"""The one business clock. Leases, rate limits and timeouts use real time; facts use this."""

import datetime as dt
from typing import Protocol

from include.domain.days import ALMATY, almaty_day

__all__ = ["ALMATY", "Clock", "HttpClock", "SystemClock", "almaty_day", "from_setting", "week_start"]


class Clock(Protocol):
    """Whatever can say what time it is for the business."""

    def now(self) -> dt.datetime:
        """Return an aware instant in UTC."""
        ...


class SystemClock:
    """The machine's clock: what a real installation uses."""

    def now(self) -> dt.datetime:
        """Return the machine's time."""
        return dt.datetime.now(dt.UTC)


class HttpClock:
    """A clock asked over HTTP: ``GET url`` answers ``{"now": "<ISO 8601 with offset>"}``."""

    def __init__(self, url: str) -> None:
        self.url = url

    def now(self) -> dt.datetime:
        """Return the remote time in UTC; a clock that cannot be read is an error, never a guess."""
        import requests

        answer = requests.get(self.url, timeout=(5, 10))
        answer.raise_for_status()
        moment = dt.datetime.fromisoformat(answer.json()["now"])
        if moment.tzinfo is None:
            raise ValueError(f"The clock at {self.url} answered {moment.isoformat()} without a time zone")
        return moment.astimezone(dt.UTC)


def from_setting(value: str | None) -> Clock:
    """Make the clock that a setting names: empty or ``system``, or an http(s) address."""
    if not value or value == "system":
        return SystemClock()
    if value.startswith(("http://", "https://")):
        return HttpClock(value)
    raise ValueError(f"Clock setting {value!r} is neither 'system' nor an http(s) address")


def week_start(day: dt.date) -> dt.date:
    """Return the Monday of a day's week."""
    return day - dt.timedelta(days=day.weekday())
