"""Working days of Kazakhstan and the clocks that count them, against days that were published."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.clocks import (
    ALMATY,
    Calendar,
    QuietHours,
    Urgency,
    decision_due,
    decision_start,
    urgency,
)

PLAIN = Calendar()
DAY = dt.timedelta(days=1)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ALMATY)


@pytest.mark.parametrize(
    ("off", "why"),
    [
        ("2026-01-01", "New Year"),
        ("2026-01-02", "New Year"),
        ("2026-01-07", "Orthodox Christmas"),
        ("2026-03-09", "8 March is a Sunday"),
        ("2026-03-21", "Nauryz, a Saturday"),
        ("2026-03-22", "Nauryz, a Sunday"),
        ("2026-03-23", "Nauryz"),
        ("2026-03-24", "for the Saturday of Nauryz"),
        ("2026-03-25", "for the Sunday of Nauryz"),
        ("2026-05-01", "Unity Day"),
        ("2026-05-07", "Defender's Day"),
        ("2026-05-11", "9 May is a Saturday"),
        ("2026-05-27", "Kurban Ait"),
        ("2026-07-06", "Capital Day"),
        ("2025-09-01", "30 August 2025 is a Saturday"),
        ("2027-03-15", "Constitution Day since the new constitution"),
        ("2026-10-26", "25 October is a Sunday"),
        ("2026-12-16", "Independence Day"),
        ("2025-06-06", "Kurban Ait"),
        ("2024-05-08", "moved by decree from the Saturday before"),
    ],
)
def test_a_day_off(off: str, why: str) -> None:
    assert not PLAIN.works(day(off)), why


@pytest.mark.parametrize(
    "worked",
    ["2026-03-20", "2026-03-26", "2026-05-26", "2026-05-28", "2026-11-16", "2026-12-17", "2026-08-31", "2024-05-04"],
)
def test_a_working_day(worked: str) -> None:
    assert PLAIN.works(day(worked))


@pytest.mark.parametrize(
    ("started", "due"),
    [
        ("2026-11-16T09:00", "2026-11-20T00:00"),  # a Monday: Tuesday, Wednesday, Thursday
        ("2026-11-16T23:59", "2026-11-20T00:00"),
        ("2026-11-19T10:00", "2026-11-25T00:00"),  # a Thursday: over the weekend
        ("2026-11-21T10:00", "2026-11-26T00:00"),  # a Saturday
        ("2026-03-19T10:00", "2026-03-28T00:00"),  # Nauryz: 20, 26, 27 March
        ("2026-05-25T10:00", "2026-05-30T00:00"),  # Kurban Ait: 26, 28, 29 May
        ("2025-12-30T10:00", "2026-01-07T00:00"),  # the New Year: 31 December, 5 and 6 January; the 7th is Christmas
        ("2024-05-03T10:00", "2024-05-11T00:00"),  # a worked Saturday (4), Monday (6), off 7-9, Friday (10)
    ],
)
def test_until_when_a_merchant_decides(started: str, due: str) -> None:
    assert decision_due(at(started), 3, PLAIN) == at(due)


def test_the_day_is_almatys_whatever_zone_the_moment_comes_in() -> None:
    late = dt.datetime(2026, 11, 15, 19, 30, tzinfo=dt.UTC)  # 00:30 on Monday in Almaty
    assert decision_due(late, 3, PLAIN) == at("2026-11-20T00:00")
    assert decision_due(late - dt.timedelta(hours=1), 3, PLAIN) == at("2026-11-19T00:00")


def test_days_moved_by_decree_are_a_setting() -> None:
    moved = Calendar.of_setting({"2026-11-17": "off", "2026-11-21": "working"})
    assert not moved.works(day("2026-11-17"))
    assert moved.works(day("2026-11-21"))
    assert decision_due(at("2026-11-16T09:00"), 3, moved) == at("2026-11-21T00:00")
    assert decision_due(at("2026-11-19T09:00"), 3, moved) == at("2026-11-24T00:00")
    assert decision_due(at("2026-11-16T09:00"), 1, PLAIN) == at("2026-11-18T00:00")


def test_the_clock_starts_with_the_earlier_of_kaspis_word_and_our_scan() -> None:
    early, late = at("2026-11-16T09:00"), at("2026-11-17T09:00")
    assert decision_start(early, late) == decision_start(late, early) == decision_start(None, early) == early
    assert decision_start(late, None) == late
    assert decision_start(None, None) is None


@given(st.dates(dt.date(2023, 1, 1), dt.date(2028, 12, 1)), st.integers(1, 10))
def test_a_deadline_is_so_many_working_days_away(start: dt.date, count: int) -> None:
    last = PLAIN.after(start, count)
    between = [start + DAY * n for n in range(1, (last - start).days + 1)]
    assert sum(map(PLAIN.works, between)) == count
    assert PLAIN.works(last)
    assert PLAIN.after(start, count) <= PLAIN.after(start + DAY, count)


def test_what_a_deadline_is_to_its_owner() -> None:
    due, near = at("2026-11-20T00:00"), dt.timedelta(hours=24)
    assert urgency(due, due - near - dt.timedelta(seconds=1), near) is Urgency.NEW
    assert urgency(due, due - near, near) is Urgency.NEAR
    assert urgency(due, due - dt.timedelta(seconds=1), near) is Urgency.NEAR
    assert urgency(due, due, near) is Urgency.PASSED
    assert urgency(due, due + 3 * DAY - dt.timedelta(seconds=1), near) is Urgency.PASSED
    assert urgency(due, due + 3 * DAY, near) is None


@pytest.mark.parametrize(
    ("time", "quiet"),
    [("20:59", False), ("21:00", True), ("23:59", True), ("00:00", True), ("08:59", True), ("09:00", False)],
)
def test_the_night_goes_over_midnight(time: str, quiet: bool) -> None:
    night = QuietHours.of_setting(["21:00", "09:00"])
    assert night.hold(at(f"2026-11-16T{time}")) is quiet
    assert night.hold(at(f"2026-11-16T{time}").astimezone(dt.UTC)) is quiet


def test_quiet_hours_within_a_day_and_none() -> None:
    noon = QuietHours.of_setting(["13:00", "14:00"])
    assert noon.hold(at("2026-11-16T13:30")) and not noon.hold(at("2026-11-16T14:00"))
    assert not any(QuietHours.of_setting([]).hold(at(f"2026-11-16T{hour:02d}:00")) for hour in range(24))
    with pytest.raises(ValueError, match="Invalid isoformat"):
        QuietHours.of_setting(["nine", "ten"])


@given(st.dates(dt.date(2023, 1, 1), dt.date(2028, 1, 1)), st.times(), st.times(), st.times())
def test_it_is_loud_since_the_last_end_of_the_quiet(
    today: dt.date, time: dt.time, begin: dt.time, end: dt.time
) -> None:
    hours, now = QuietHours(begin, end), dt.datetime.combine(today, time, ALMATY)
    since = hours.loud_since(now)
    assert since <= now
    assert since.astimezone(ALMATY).time() == end
    if begin != end:
        assert not hours.hold(since)
