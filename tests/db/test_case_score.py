"""The case model against the sandbox's truth, under the three readings of the ambiguous status."""

import os
from collections.abc import Callable

import pytest

from tests.case_score import WRITE, Score, measure, show, shown, tables


@pytest.fixture(scope="module")
def scores(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, new_warehouse: Callable[[], str]
) -> list[Score]:
    found = measure(tmp_path_factory.mktemp("worlds"), new_warehouse)
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print("\n" + tables(found))
    if os.environ.get(WRITE):
        show(tables(found))
    return found


@pytest.fixture(scope="module")
def well_set(scores: list[Score]) -> list[Score]:
    """Those whose setting says what the world does."""
    return [one for one in scores if one.setting == one.world]


def test_no_return_is_missed_doubled_or_invented(scores: list[Score]) -> None:
    assert [(one.found, one.doubled, one.invented) for one in scores] == [(one.orders, 0, 0) for one in scores]
    assert all(one.orders > 300 for one in scores)


def test_every_application_has_exactly_one_case_with_its_reason(scores: list[Score]) -> None:
    for one in scores:
        assert one.applied_once == one.asked_right == one.applications
        assert one.pieces_right == one.pieces_applied and (one.pieces_applied > 200) == one.with_file
        assert one.reasons[False] == 0
        assert (one.applications > 200) == one.with_file == (one.reasons[True] > 200)


def test_a_kind_is_right_or_unknown_and_never_wrong(well_set: list[Score]) -> None:
    assert [one.kinds for one in well_set if one.wrong] == []
    assert [one for one in well_set if one.share_right < (0.99 if one.with_file else 0.85)] == []


def test_a_setting_that_does_not_fit_costs_kinds_and_nothing_else(scores: list[Score]) -> None:
    ill_set = [one for one in scores if one.setting != one.world]
    assert len(ill_set) == 8
    for one in ill_set:
        fitting = next(
            same for same in scores if (same.world, same.setting, same.sources) == (one.world, one.world, one.sources)
        )
        assert one.identity_row()[2:] == fitting.identity_row()[2:]
        assert (one.matched, one.mismatched) == (fitting.matched, [])
        assert one.right + one.wrong + one.unknown == fitting.right + fitting.unknown
        if one.setting == "both":  # the honest setting leaves open and never says what is wrong
            assert one.wrong == 0 and one.unknown >= fitting.unknown
        else:  # what was guessed is what the honest setting leaves open
            assert one.unknown < fitting.unknown
    assert all(one.wrong > 0 for one in ill_set if one.setting != "both" and not one.with_file)


def test_what_is_certain_is_what_the_truth_calls_certain(scores: list[Score]) -> None:
    assert [one.certain[0] for one in scores] == [one.certain[1] for one in scores]


def test_the_true_number_of_pieces_lies_within_every_cases_bounds(scores: list[Score]) -> None:
    assert [one.outside for one in scores] == [[]] * len(scores)
    assert all(one.unquantified > 0 for one in scores)


def test_every_received_unit_is_matched_to_its_order_or_rightly_to_none(scores: list[Score]) -> None:
    for one in scores:
        assert one.mismatched == []
        assert one.matched + one.line_open == one.received > 300
        assert one.strangers == 6  # planted: goods nobody announced, two a merchant


def test_a_piece_whose_line_nothing_tells_waits_for_its_application_and_lies_on_no_other_line(
    scores: list[Score],
) -> None:
    assert [one.other_line for one in scores] == [[]] * len(scores)
    assert [one.line_open for one in scores if one.with_file] == [0] * sum(one.with_file for one in scores)
    assert all(one.line_open <= 2 for one in scores)
    assert any(one.line_open for one in scores)


def test_the_page_shows_these_figures(scores: list[Score]) -> None:
    assert shown() == tables(scores)
