"""The choice of the three first lines."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from include.domain.change import FEWEST, Week
from include.domain.lead import PRESSING, Deadline, Line, Number, Rise, lead

NOW = dt.datetime(2026, 11, 16, 3, 5, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(days=5)


def change(rises: list[Rise] | None = None, numbers: list[Number] | None = None, received: int = 20) -> Line:
    return lead(NOW, received, 20 if received else 0, rises or [], numbers or [], [], 0)[0]


def test_what_comes_back_more_goes_before_a_number_and_by_its_money() -> None:
    cheap, dear = Rise("up", 20, 50, 0.1, 1_000), Rise("up", 8, 50, 0.1, 50_000)
    moved = Number(Week(0.4, 100, 0.31, 0.5), Week(0.1, 100, 0.05, 0.18))
    assert change([cheap, dear], [moved]) == Line("signal", 1, 3, 150_000)
    assert change([Rise("down", 0, 50, 0.1), cheap], [moved]) == Line("signal", 1, 15, 15_000)
    assert change([Rise("down", 0, 50, 0.1, 2_000)], [moved]).topic == "number"
    assert change([Rise("down", 0, 50, 0.1, 2_000)]) == Line("fewer", 0, 5, 10_000, better=True)


def test_a_number_counts_when_it_moved_by_more_than_both_weeks_scatter() -> None:
    before = Week(0.15, 100, 0.09, 0.23)
    inside, outside = Number(Week(0.2, 100, 0.13, 0.29), before), Number(Week(0.4, 100, 0.31, 0.5), before)
    assert change(numbers=[inside]).topic == "quiet"
    assert change(numbers=[inside, outside]) == Line("number", 1, pieces=25)
    assert change(numbers=[Number(Week(0.4, 100, 0.31, 0.5), Week(0.15, 100))]).topic == "quiet"
    hours = Number(Week(80, 300), Week(40, 300), unit="hours")
    assert change(numbers=[hours]) == Line("number", 0)
    assert change(numbers=[Number(Week(80, 30), Week(40, 30), unit="hours")]).topic == "quiet"
    assert change(numbers=[Number(Week(49, 30_000), Week(40, 30_000), unit="hours")]).topic == "quiet"
    assert change(numbers=[Number(Week(9_000, FEWEST - 1), Week(40, 300), unit="hours")]).topic == "quiet"
    assert change(numbers=[Number(Week(None, 30), Week(40, 30)), Number(Week(40, 30), Week(None, 30))]).topic == "quiet"


def test_money_goes_before_a_larger_change_that_is_none() -> None:
    cost = Number(Week(3_000, 400), Week(2_000, 400), unit="tenge")
    assert change(numbers=[Number(Week(200, 400), Week(20, 400), unit="hours"), cost]) == Line(
        "number", 1, money=400_000
    )
    earned = Number(Week(3_000, 400), Week(2_000, 400), unit="tenge", good="high")
    assert change(numbers=[earned]).better


def test_nothing_from_nothing_is_no_news() -> None:
    nothing = Week(0.0, 40, 0.0, 0.09)
    assert change(numbers=[Number(nothing, nothing)]).topic == "quiet"
    assert change(numbers=[Number(nothing, Week(0.4, 40, 0.26, 0.55))]).better
    assert change(numbers=[Number(Week(-10, 400), Week(10, 400), unit="tenge")]).topic == "quiet"
    assert change(received=0).topic == "few"


def test_a_deadline_comes_first_when_it_is_near() -> None:
    near = Deadline("claim", 2, 30_000, NOW + PRESSING)
    topics = [line.topic for line in lead(NOW, 20, 20, [], [], [near], 3)]
    assert topics == ["clocks", "quiet", "flow"]
    far = Deadline("decision", 1, 0, LATER)
    assert [line.topic for line in lead(NOW, 20, 20, [], [], [far], 3)] == ["quiet", "flow", "clocks"]
    assert lead(NOW, 20, 20, [], [], [near, far], 0)[0] == Line("clocks", pieces=3, money=30_000)
    assert [lead(NOW, 20, 20, [], [], [], open_)[2].topic for open_ in (3, 0)] == ["questions", "calm"]


amounts = st.integers(0, 10**9)
rises = st.builds(
    Rise, st.sampled_from(["up", "down"]), st.integers(0, 500), st.integers(1, 5_000), st.floats(0, 1),
    st.none() | amounts,
)  # fmt: skip
values = st.none() | st.floats(-1e9, 1e9)
weeks = st.builds(Week, values, st.integers(0, 1_000)) | st.tuples(
    st.floats(0, 1), st.integers(0, 1_000), st.floats(0, 1), st.floats(0, 1)
).map(lambda one: Week(one[0], one[1], min(one[0], one[2]), max(one[0], one[3])))
numbers = st.builds(
    Number, weeks, weeks, st.sampled_from(["share", "hours", "tenge"]), st.sampled_from(["low", "high"])
)
deadlines = st.builds(
    Deadline, st.sampled_from(["decision", "claim"]), st.integers(1, 99), amounts,
    st.integers(1, 10_000).map(lambda minutes: NOW + dt.timedelta(minutes=minutes)),
)  # fmt: skip


@given(
    st.integers(0, 99), st.integers(0, 99), st.lists(rises, max_size=5), st.lists(numbers, max_size=5),
    st.lists(deadlines, max_size=4), st.integers(0, 99),
)  # fmt: skip
def test_there_are_always_three_topics_and_each_is_of_what_was_given(
    received: int, before: int, up: list[Rise], told: list[Number], due: list[Deadline], questions: int
) -> None:
    lines = lead(NOW, received, before, up, told, due, questions)
    topics = [line.topic for line in lines]
    assert len(set(topics)) == 3 and "flow" in topics
    assert all(line.pieces >= 0 and line.money >= 0 for line in lines)
    assert ("clocks" in topics) == bool(due)
    assert ("signal" in topics) == any(one.direction == "up" for one in up)
    for line in lines:
        if line.topic == "signal":
            assert line.place is not None
            assert line.money == max(one.money for one in up if one.direction == "up")
        if line.topic == "number":
            assert line.place is not None and told[line.place].changed
        if line.topic in ("quiet", "few"):
            assert not up and not any(one.changed for one in told)
        if line.topic == "few":
            assert max(received, before) < FEWEST


@given(numbers, st.floats(0.01, 1e6))
def test_a_change_is_as_strong_up_as_down(number: Number, scale: float) -> None:
    one, double = Week(scale, 10), Week(scale * 2, 10)
    assert abs(Number(one, double).strength + Number(double, one).strength) < 1e-9
    assert not number.changed or min(number.newest.n, number.before.n) >= FEWEST
