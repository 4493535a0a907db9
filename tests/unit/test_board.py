"""The dashboard's pure parts: spans of speed, scales of drawings, ages, choices in an address."""

import datetime as dt
import itertools
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from include.console.board.chosen import MOST_WEEKS, chosen_of, day_of, midnight
from include.console.board.figures import Cell, Column, Figure, Row, drawing, heading, lines, scale
from include.console.board.flow import AGES, age_of
from include.console.board.lists import place_of
from include.console.board.order_lines import LINES
from include.console.board.units import UNITS
from include.console.site import View
from include.domain import speed
from include.domain.staff import Staff
from include.locale.words import words

NOW = dt.datetime(2026, 11, 16, 3, 5, tzinfo=dt.UTC)
VIEW = View(Staff("aliya", {"*": "viewer"}), [{"merchant_id": "alpha", "name": "Alpha"}], "alpha")


class Asked:
    """A request of which only the address matters."""

    def __init__(self, query: str) -> None:
        self.query_params = QueryParams(query)


@given(st.floats(0, 2000, allow_nan=False))
def test_a_duration_lies_within_the_bounds_of_its_span(hours: float) -> None:
    least, most = speed.bounds(speed.bucket(hours))
    assert least <= hours and (most is None or hours < most)


def test_a_median_of_the_fast_ones_only_would_flatter() -> None:
    assert speed.reached_by([4, 4, 0, 0, 0, 0, 0, 0, 0, 0], 8, 0.5) == 0
    assert speed.reached_by([4, 4, 0, 0, 0, 0, 0, 0, 0, 0], 10, 0.5) == 1
    assert speed.reached_by([4, 4, 0, 0, 0, 0, 0, 0, 0, 0], 20, 0.5) is None
    assert speed.reached_by([0] * 10, 0, 0.5) is None


@given(st.floats(0.001, 1e12, allow_nan=False), st.sampled_from(["count", "money", "share", "hours"]))
def test_a_scale_reaches_over_its_numbers_in_at_most_five_steps(most: float, unit: str) -> None:
    step, count = scale(most, unit)  # type: ignore[arg-type]
    assert 1 <= count <= 5
    assert most <= step * count * (1 + 1e-6)
    if unit in ("count", "money"):
        assert step >= 1 and step == round(step)
    if unit == "hours" and most > 48:
        assert step % 24 == 0


def test_a_scale_is_not_twice_as_high_as_needed() -> None:
    assert scale(61, "count") == (20, 4)
    assert scale(0.93, "share") == pytest.approx((0.2, 5))
    assert scale(80, "hours") == (24, 4)


@given(st.integers(-1, 4000))
def test_a_wait_is_of_exactly_one_age(days: int) -> None:
    least, most = AGES[age_of(days)]
    assert (least <= max(days, 0)) and (most is None or days <= most)
    assert all(before[1] is not None and before[1] + 1 == after[0] for before, after in itertools.pairwise(AGES))


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("", "2026-08-31", "2026-11-16"),
        ("weeks=4", "2026-10-26", "2026-11-16"),
        ("weeks=5", "2026-08-31", "2026-11-16"),  # none of the presets
        ("from=2026-10-01&to=2026-10-08", "2026-09-28", "2026-10-05"),
        ("from=2026-10-08&to=2026-10-01", "2026-09-28", "2026-09-28"),
        ("from=2026-10-01", "2026-09-28", "2026-11-16"),
        ("to=2027-10-01", "2026-08-31", "2026-11-16"),
        ("from=2026-13-45", "2026-08-31", "2026-11-16"),
    ],
)
def test_the_weeks_are_read_from_the_address(query: str, first: str, last: str) -> None:
    chosen = chosen_of(Asked(query), VIEW, NOW, "en")  # type: ignore[arg-type]
    assert (chosen.first.isoformat(), chosen.last.isoformat()) == (first, last)
    assert chosen.mondays[0] == chosen.first and chosen.mondays[-1] == chosen.last
    assert chosen.begins == midnight(chosen.first) and chosen.ends == midnight(chosen.last + dt.timedelta(days=7))


@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=12))
def test_no_address_breaks_the_choice(weeks: str, since: str, until: str) -> None:
    chosen = chosen_of(
        Asked(str(QueryParams({"weeks": weeks, "from": since, "to": until}))),  # type: ignore[arg-type]
        VIEW, NOW, "en",
    )  # fmt: skip
    assert 1 <= len(chosen.mondays) <= MOST_WEEKS and chosen.first.weekday() == chosen.last.weekday() == 0


def test_an_address_keeps_the_choice_and_says_it_once() -> None:
    chosen = chosen_of(Asked("category=Посуда&weeks=26"), VIEW, NOW, "ru")  # type: ignore[arg-type]
    address = chosen.address("units", step="received", category="Игрушки", sku=None)
    assert QueryParams(address.partition("?")[2]).multi_items() == [
        ("lang", "ru"), ("merchant", "alpha"), ("category", "Игрушки"), ("weeks", "26"), ("step", "received"),
    ]  # fmt: skip


def test_a_day_is_a_day_or_nothing() -> None:
    assert day_of("2026-11-16") == dt.date(2026, 11, 16)
    assert [day_of(text) for text in (None, "", "0001-01-01", "9999-01-01", "x")] == [None] * 5


def test_the_place_in_a_list_survives_the_address() -> None:
    row = {"at": NOW, "key": "00000000-0000-0000-0000-00000000000a"}
    assert UNITS.after_of(place_of(row)) == (NOW, UUID(int=10))
    assert [UNITS.after_of(text) for text in (None, "", "x_y", "2026-11-16T00:00_x")] == [None] * 4
    assert LINES.after_of(place_of({"at": NOW, "key": "alpha/1_0"})) == (NOW, "alpha/1_0")


COLUMNS = [Column("s1", "one", drawn=True), Column("s2", "two", drawn=True), Column("money", "money", "money")]
ROWS = [
    Row(f"week {number}", {"s1": Cell(a), "s2": Cell(b), "money": Cell(9)}, tick=str(number), key=f"k{number}")
    for number, (a, b) in enumerate(((3, 1), (0, 8), (None, 2)))
]


def figure(kind: str) -> Figure:
    return Figure("f", "Figure", "week", COLUMNS, ROWS, kind)  # type: ignore[arg-type]


def test_columns_stand_on_the_ground_and_are_as_high_as_their_numbers() -> None:
    drawn = drawing(figure("columns"), words("en"))
    heights = [bar["height"] for bar in drawn["bars"]]
    assert [bar["title"] for bar in drawn["bars"]] == [
        "week 0: one 3",
        "week 0: two 1",
        "week 1: two 8",
        "week 2: two 2",
    ]
    assert all(bar["y"] + bar["height"] == pytest.approx(170, abs=0.11) for bar in drawn["bars"])
    assert heights == pytest.approx([8 * heights[2] / 8 * share for share in (3 / 8, 1 / 8, 1, 2 / 8)], abs=0.11)


def test_stacked_columns_stand_on_each_other() -> None:
    first, second, *_ = drawing(figure("stacked"), words("en"))["bars"]
    assert second["y"] + second["height"] == pytest.approx(first["y"], abs=0.11)
    assert first["x"] == second["x"]


def test_the_longest_bar_fills_its_line() -> None:
    rows = drawing(figure("bars"), words("en"))["rows"]
    assert [sum(part["width"] for part in row["parts"]) for row in rows] == pytest.approx([50, 100, 25])


def test_a_file_has_plain_numbers() -> None:
    assert heading(figure("bars")) == ["week", "one", "two", "money"]
    assert lines(figure("bars")) == [["k0", 3, 1, 9], ["k1", 0, 8, 9], ["k2", None, 2, 9]]
