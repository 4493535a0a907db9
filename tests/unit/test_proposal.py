"""What is proposed after an inspection."""

from itertools import product

import pytest

from include.domain.policy import Condition, place
from include.domain.proposal import Answers, propose
from include.locale.desk_labels import FINDINGS, ROUTES

ALL = [Answers(*answers, finding) for answers in product((True, False), repeat=4) for finding in FINDINGS]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (Answers(True, True, True, False, "no_fault"), ("A", "main")),
        (Answers(True, True, True, False, "does_not_fit"), ("A", "main")),
        (Answers(False, True, True, False, "no_fault"), ("B", "resale")),
        (Answers(True, False, True, False, "incomplete"), ("B", "resale")),
        (Answers(True, True, False, False, "no_fault"), ("B", "resale")),
        (Answers(True, True, True, False, "damaged_in_transit"), ("B", "resale")),
        (Answers(True, True, True, True, "no_fault"), ("C", "off_kaspi")),
        (Answers(True, True, True, False, "defective"), ("C", "repair")),
        (Answers(True, True, True, False, "wrong_item"), ("D", "write_off")),
    ],
)
def test_examples(answers: Answers, expected: tuple[str, str]) -> None:
    found = propose(answers)
    assert (found.grade, found.route) == expected


@pytest.mark.parametrize("answers", ALL)
def test_the_policy_would_sell_it_nowhere_better_than_proposed(answers: Answers) -> None:
    """Followed to the letter, a proposal ends where the policy gate puts the piece, or is not sold at all."""
    found = propose(answers)
    assert found.route in ROUTES
    verdict = place(
        Condition("qc", found.grade, found.route, answers.finding, answers.signs_of_use,
                  repaired=found.route == "repair", repacked=found.route == "resale",
                  packaging_intact=answers.packaging_intact)
    )  # fmt: skip
    expected = {"main": "main", "resale": "resale", "off_kaspi": "off_kaspi", "repair": "off_kaspi", "write_off": None}
    assert verdict.channel == expected[found.route]
