"""Which windows of creation dates a run reads."""

import datetime as dt
from collections.abc import Iterable

WINDOW = dt.timedelta(days=13)
OVERLAP = dt.timedelta(days=1)
SHORT = dt.timedelta(days=3)
LONG = dt.timedelta(days=60)
LONG_EVERY_HOURS = 6
TICK = dt.timedelta(minutes=15)


def windows(start: dt.datetime, end: dt.datetime) -> list[tuple[dt.datetime, dt.datetime]]:
    """Cut [start, end] into windows of at most 13 days, each overlapping the one before by a day.

    Kaspi allows 14 days; orders that appear late at an edge are caught by the overlap.
    """
    if start >= end:
        raise ValueError(f"the range {start} … {end} is empty")
    cut: list[tuple[dt.datetime, dt.datetime]] = []
    left = start
    while True:
        right = min(left + WINDOW, end)
        cut.append((left, right))
        if right == end:
            return cut
        left = right - OVERLAP


def left_over(
    unread: Iterable[tuple[dt.datetime, dt.datetime]], start: dt.datetime, end: dt.datetime
) -> list[tuple[dt.datetime, dt.datetime]]:
    """Return windows for what ended runs left unread and [start, end], which is read now, does not cover.

    Runs that failed one after the other left nearly the same days; each of them is read once.
    """
    outside = sorted(
        (begin, until)
        for left, right in unread
        for begin, until in ((left, min(right, start)), (max(left, end), right))
        if begin < until
    )
    merged: list[tuple[dt.datetime, dt.datetime]] = []
    for begin, until in outside:
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], until))
        else:
            merged.append((begin, until))
    return [window for begin, until in merged for window in windows(begin, until)]


def sweep_range(now: dt.datetime, last_long: dt.datetime | None) -> tuple[dt.datetime, dt.datetime, bool]:
    """Return the range to sweep and whether it is the long one, due every sixth hour.

    ``last_long`` is the clock of the last run with a long one. A run that has its clock a little early must not leave
    the long sweep to the next tick: it is due from half a tick before.
    """
    long = last_long is None or now - last_long >= dt.timedelta(hours=LONG_EVERY_HOURS) - TICK / 2
    return now - (LONG if long else SHORT), now, long
