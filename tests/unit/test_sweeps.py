"""Every moment of a range lies in a window that Kaspi accepts."""

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.sweeps import OVERLAP, WINDOW, left_over, sweep_range, windows

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@given(st.integers(1, 400 * 24 * 60))
def test_windows_cover_the_range_overlap_by_a_day_and_never_exceed_thirteen(minutes: int) -> None:
    end = START + dt.timedelta(minutes=minutes)
    cut = windows(START, end)
    assert (cut[0][0], cut[-1][1]) == (START, end)
    assert all(right - left <= WINDOW for left, right in cut)
    assert all(before[1] - after[0] == OVERLAP for before, after in itertools.pairwise(cut))


def test_an_empty_range_is_an_error() -> None:
    with pytest.raises(ValueError, match="empty"):
        windows(START, START)


@pytest.mark.parametrize(
    ("ago", "days"),
    [(None, 60), ("7:00:00", 60), ("6:00:00", 60), ("5:59:50", 60), ("5:45:10", 3), ("5:00:00", 3)],
)
def test_every_sixth_hour_the_sweep_reaches_sixty_days_back(ago: str | None, days: int) -> None:
    """A tick has its clock some seconds early or late; the one before it is a quarter of an hour away."""
    hours, minutes, seconds = map(int, (ago or "0:0:0").split(":"))
    last = None if ago is None else START - dt.timedelta(hours=hours, minutes=minutes, seconds=seconds)
    begin, end, long = sweep_range(START, last)
    assert (end - begin, long) == (dt.timedelta(days=days), days == 60)


minutes = st.integers(0, 90 * 24 * 60)
spans = st.lists(st.tuples(minutes, st.integers(1, 20 * 24 * 60)), max_size=12)


@given(spans, minutes, st.integers(1, 60 * 24 * 60))
def test_what_was_left_unread_is_read_once_and_nothing_else_is(
    left: list[tuple[int, int]], begin: int, length: int
) -> None:
    def at(minute: int) -> dt.datetime:
        return START + dt.timedelta(minutes=minute)

    def within(minute: float, among: list[tuple[dt.datetime, dt.datetime]]) -> bool:
        moment = START + dt.timedelta(minutes=minute)
        return any(one <= moment <= other for one, other in among)

    unread = [(at(first), at(first + long)) for first, long in left]
    again = left_over(unread, at(begin), at(begin + length))
    assert all(until - since <= WINDOW for since, until in again)
    edges = {edge for first, long in left for edge in (first, first + long)} | {begin, begin + length}
    for minute in (edge + step for edge in edges for step in (-0.5, 0.5)):
        wanted = within(minute, unread) and not begin <= minute <= begin + length
        assert within(minute, again) == wanted, minute
    assert left_over([*unread, *unread], at(begin), at(begin + length)) == again
