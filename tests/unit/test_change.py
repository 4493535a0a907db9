"""A change that is told is one: where nothing happens the numbers of a mail hardly ever move."""

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from include.domain.change import LOOKED_AT, SURE, Week, moved

MAILS = 400


def shares(dice: np.random.Generator, share: float, n: int) -> Week:
    found = int(dice.binomial(n, share))
    lo, hi = proportion_confint(found, n, method="wilson")
    return Week(found / n, n, lo, hi)


@pytest.mark.parametrize("n", [20, 60, 400])
def test_where_nothing_happens_few_mails_tell_of_a_number(n: int) -> None:
    """Nine shares and six medians of times a mail, as often as Bonferroni's rule promises: one in twenty."""
    dice = np.random.default_rng(n)
    told = 0
    for _ in range(MAILS):
        pairs = [
            (shares(dice, share, n), shares(dice, share, n))
            for share in (0.05, 0.1, 0.25, 0.4, 0.5, 0.6, 0.7, 0.9, 0.95)
        ]
        pairs += [
            (Week(float(np.median(dice.exponential(30, n))), n), Week(float(np.median(dice.exponential(30, n))), n))
            for _ in range(6)
        ]
        assert len(pairs) == LOOKED_AT
        told += any(moved(now, before) for now, before in pairs)
    assert told <= 0.05 * MAILS + 2.6 * (0.05 * 0.95 * MAILS) ** 0.5


def test_what_happens_is_told() -> None:
    dice, told = np.random.default_rng(1), 0
    for _ in range(MAILS):
        told += moved(shares(dice, 0.4, 200), shares(dice, 0.2, 200))
    assert told >= 0.85 * MAILS


def test_how_sure_is_that_of_all_numbers_together() -> None:
    from scipy.stats import norm

    assert norm.ppf(1 - 0.05 / (2 * LOOKED_AT)) == pytest.approx(SURE, abs=0.005)
