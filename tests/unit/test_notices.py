"""What a try makes of a notice, and what a person may decide: never twice where it can be avoided, never for ever."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.notices import DECISIONS, LONGEST_PAUSE, TRIES, Status, Tried, after_try, pause

NOW = dt.datetime(2026, 11, 16, 4, 0, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(days=3)
OUTCOMES = (Status.SENT, Status.QUEUED, Status.UNKNOWN, Status.DEAD)


@pytest.mark.parametrize(
    ("outcome", "deduplicates", "becomes"),
    [
        (Status.SENT, False, Status.SENT),
        (Status.SENT, True, Status.SENT),
        (Status.QUEUED, False, Status.QUEUED),
        (Status.UNKNOWN, False, Status.UNKNOWN),
        (Status.UNKNOWN, True, Status.QUEUED),
        (Status.DEAD, False, Status.DEAD),
        (Status.DEAD, True, Status.DEAD),
    ],
)
def test_a_first_try(outcome: Status, deduplicates: bool, becomes: Status) -> None:
    verdict = after_try(outcome, "why", Tried(1, LATER), NOW, deduplicates=deduplicates)
    assert verdict.status is becomes
    assert verdict.doubtful is (outcome is Status.UNKNOWN)
    if becomes is Status.QUEUED:
        assert verdict.next_try_at == NOW + dt.timedelta(minutes=1)


def test_it_waits_twice_as_long_each_time_but_never_longer_than_two_hours() -> None:
    minutes = [pause(tries).total_seconds() / 60 for tries in range(1, 10)]
    assert minutes == [1, 2, 4, 8, 16, 32, 64, 120, 120]
    assert pause(10_000) == LONGEST_PAUSE


def test_it_is_given_up_after_its_tries_or_when_it_is_no_news() -> None:
    assert after_try(Status.QUEUED, "x", Tried(TRIES, LATER), NOW, deduplicates=True).status is Status.DEAD
    soon = NOW + dt.timedelta(seconds=59)
    assert after_try(Status.QUEUED, "x", Tried(1, soon), NOW, deduplicates=False).status is Status.DEAD
    assert after_try(Status.UNKNOWN, "x", Tried(TRIES, LATER), NOW, deduplicates=True).status is Status.UNKNOWN


@pytest.mark.parametrize("outcome", [Status.QUEUED, Status.DEAD])
def test_what_may_have_arrived_before_is_never_called_not_sent(outcome: Status) -> None:
    verdict = after_try(outcome, "x", Tried(TRIES, LATER, doubtful=True), NOW, deduplicates=True)
    assert verdict.status is Status.UNKNOWN


@given(
    outcomes=st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=40),
    deduplicates=st.booleans(),
    hours=st.floats(0, 100),
)
def test_a_series_of_tries_ends_and_repeats_in_doubt_only_where_repetitions_are_removed(
    outcomes: list[Status], deduplicates: bool, hours: float
) -> None:
    now, expires, doubtful, lost = NOW, NOW + dt.timedelta(hours=hours), False, 0
    for tries, outcome in enumerate(outcomes, start=1):
        assert deduplicates or not lost, "a message whose answer was lost was sent again"
        verdict = after_try(outcome, "x", Tried(tries, expires, doubtful), now, deduplicates=deduplicates)
        lost += outcome is Status.UNKNOWN
        if verdict.status is not Status.QUEUED:
            break
        assert now < verdict.next_try_at < expires
        now, doubtful = verdict.next_try_at, verdict.doubtful
    assert tries <= TRIES
    if verdict.status is Status.DEAD:
        assert not lost
    if verdict.status is Status.SENT:
        assert outcome is Status.SENT


def test_a_person_decides_only_what_nobody_knows_or_what_could_not_be_sent() -> None:
    assert DECISIONS["sent"][0] == {Status.UNKNOWN}
    for before, becomes in DECISIONS.values():
        assert before <= {Status.UNKNOWN, Status.DEAD}
        assert becomes in {Status.QUEUED, Status.SENT, Status.DISMISSED}
