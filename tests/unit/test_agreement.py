"""Cohen's kappa against answers known from the literature, and where there is none to be had."""

import random

import pytest

from include.analytics.agreement import NOT_ENOUGH, ONE_ANSWER, agreement


def pairs(table: dict[tuple[str, str], int]) -> list[tuple[str, str]]:
    return [pair for pair, count in table.items() for _ in range(count)]


def test_the_textbook_example() -> None:
    """Fifty applications, two readers, 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no: kappa is 0.4."""
    found = agreement(pairs({("y", "y"): 20, ("y", "n"): 5, ("n", "y"): 10, ("n", "n"): 15}))
    assert found.kappa == pytest.approx(0.4)
    assert found.agreed == pytest.approx(0.7)
    # the large-sample error of Fleiss, Cohen and Everitt (1969), worked out by hand: 0.1270
    assert found.lo == pytest.approx(0.4 - 1.959964 * 0.12703, abs=2e-3)
    assert found.hi == pytest.approx(0.4 + 1.959964 * 0.12703, abs=2e-3)
    assert found.note is None


def test_three_grades_of_cohen_1960() -> None:
    """Cohen's own table of proportions of 200: kappa 0.492."""
    share = {
        ("a", "a"): 88, ("a", "b"): 14, ("a", "c"): 18, ("b", "a"): 10, ("b", "b"): 40, ("b", "c"): 10,
        ("c", "a"): 2, ("c", "b"): 6, ("c", "c"): 12,
    }  # fmt: skip
    found = agreement(pairs(share))
    assert found.kappa == pytest.approx(0.492, abs=5e-4)


def test_chance_alone_is_nothing_and_contradiction_is_below_nothing() -> None:
    by_chance = agreement(pairs({("y", "y"): 25, ("y", "n"): 25, ("n", "y"): 25, ("n", "n"): 25}))
    assert by_chance.kappa == pytest.approx(0)
    against = agreement(pairs({("y", "n"): 30, ("n", "y"): 30}))
    assert against.kappa == pytest.approx(-1)


def test_little_data_and_one_answer_give_no_figure() -> None:
    few = agreement(pairs({("A", "A"): 20, ("B", "B"): 9}))
    assert (few.pairs, few.kappa, few.note) == (29, None, NOT_ENOUGH)
    assert few.agreed == 1
    assert agreement([]).note == NOT_ENOUGH
    same = agreement(pairs({("A", "A"): 500}))
    assert (same.kappa, same.note) == (None, ONE_ANSWER)


def test_agreement_of_all_still_has_an_interval() -> None:
    """Forty of forty may be luck: the exact bound of the share, 0.025 ** (1 / 40), less chance 1/2."""
    found = agreement(pairs({("A", "A"): 20, ("B", "B"): 20}))
    assert found.kappa == 1 and found.hi == 1
    assert found.lo == pytest.approx((0.025 ** (1 / 40) - 0.5) / 0.5)


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    """Inspectors who see the truth nine times in ten and guess else: 400 samples of 120 pairs."""
    dice = random.Random(20261125)

    def look(truth: str) -> str:
        return truth if dice.random() < 0.9 else dice.choice("ABC")

    def sample(count: int) -> list[tuple[str, str]]:
        truths = [dice.choice("ABC") for _ in range(count)]
        return [(look(truth), look(truth)) for truth in truths]

    truth = 0.81  # both see it: 0.9 squared; guesses agree no more than chance does
    held = 0
    for _ in range(400):
        found = agreement(sample(120))
        assert found.lo is not None and found.hi is not None
        held += found.lo <= truth <= found.hi
    assert 0.91 <= held / 400 <= 0.98
