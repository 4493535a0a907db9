"""Days are days of Almaty, whose offset from UTC has changed: by the tz database, never by a number of hours."""

import datetime as dt
from zoneinfo import ZoneInfo

ALMATY = ZoneInfo("Asia/Almaty")


def almaty_day(moment: dt.datetime) -> dt.date:
    """Return the Almaty calendar day of an aware instant."""
    return moment.astimezone(ALMATY).date()


def begin_of(day: dt.date) -> dt.datetime:
    """Return the first instant of an Almaty day."""
    return dt.datetime.combine(day, dt.time(), ALMATY)
