"""The case model against the sandbox's truth, under the three readings of the ambiguous status."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.case_score import HEAD, READINGS, Score, score, take_applications_in, use_reading
from tests.flow_driver import sandbox

PAGE = Path(__file__).resolve().parents[2] / "docs" / "case-model.md"


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory, new_warehouse: Callable[[], str]) -> list[Score]:
    found = []
    for reading in READINGS:
        with sandbox(tmp_path_factory.mktemp(reading), new_warehouse(), "--reading", reading) as world:
            use_reading(world, reading)
            world.past()
            world.receipts()
            found.append(score(world, reading, "statuses"))
            take_applications_in(world)
            world.receipts()
            found.append(score(world, reading, "statuses + applications"))
    print("\n" + "\n".join([HEAD, *(one.row() for one in found)]))
    for one in found:
        print(one.outside[:5], one.mismatched[:5])
    return found


def test_no_return_is_missed_doubled_or_invented(scores: list[Score]) -> None:
    assert [(one.found, one.doubled, one.invented) for one in scores] == [(one.orders, 0, 0) for one in scores]


def test_a_kind_is_right_or_unknown_and_never_wrong(scores: list[Score]) -> None:
    assert [one.kinds["wrong"] for one in scores] == [0] * len(scores)
    assert all(one.kinds["right"] > 100 for one in scores)


def test_the_true_number_of_pieces_lies_within_every_cases_bounds(scores: list[Score]) -> None:
    assert [one.outside for one in scores] == [[]] * len(scores)


def test_every_received_unit_is_matched_to_its_order_or_to_none(scores: list[Score]) -> None:
    for one in scores:
        assert one.matched == one.received > 300
        assert one.mismatched == []


def test_the_page_shows_these_figures(scores: list[Score]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [one.row() for one in scores if one.row() not in page] == []
