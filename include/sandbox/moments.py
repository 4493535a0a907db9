"""Time and chance of the world: Almaty moments and named random streams. No wall clock anywhere."""

import datetime as dt
import random
from zoneinfo import ZoneInfo

ALMATY = ZoneInfo("Asia/Almaty")
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


def stream(seed: int, *names: object) -> random.Random:
    """Return the random stream of that name: the same names give the same numbers on every machine."""
    return random.Random("/".join(map(str, (seed, *names))))


def later(rng: random.Random, moment: dt.datetime, low_hours: float, high_hours: float) -> dt.datetime:
    """Return a moment between ``low_hours`` and ``high_hours`` after ``moment``, on a whole second."""
    seconds = rng.uniform(low_hours * 3600, high_hours * 3600)
    return (moment + dt.timedelta(seconds=int(seconds))).replace(microsecond=0)


def within_hours(moment: dt.datetime, opens: int = 9, closes: int = 18) -> dt.datetime:
    """Return ``moment`` if it lies in the daily hours, else one in the first hour after the next opening."""
    local = moment.astimezone(ALMATY)
    if opens <= local.hour < closes:
        return local
    day = local if local.hour < opens else local + DAY
    return day.replace(hour=opens)


def clear_of_ticks(moment: dt.datetime) -> dt.datetime:
    """Move ``moment`` to minute 25..59 of its hour.

    Price lists are published in the first minutes of an hour and pulled at minute 20; what changes stock
    while the world is lived keeps out of that gap, so that a list never misses a sale it could have known.
    """
    return moment.replace(minute=25 + moment.minute * 34 // 60)


def millis(moment: dt.datetime) -> int:
    """Return epoch milliseconds, as the Shop API writes times."""
    return int(moment.timestamp() * 1000)


def iso(moment: dt.datetime | None) -> str | None:
    """Return ISO 8601 with Almaty's offset, or None."""
    return None if moment is None else moment.astimezone(ALMATY).isoformat()


def utc_iso(moment: dt.datetime) -> str:
    """Return ISO 8601 in UTC."""
    return moment.astimezone(dt.UTC).isoformat()
