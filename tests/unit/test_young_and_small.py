"""Young cohorts, small cells, and what stated reasons are worth."""

import numpy as np
import pytest

from include.analytics import reasons
from include.analytics.dispersion import overdispersion
from include.analytics.nowcast import PAST_WEEKS, CohortSums, longest_delay, nowcast, young_ages, young_cohorts
from include.analytics.rates import wilson
from include.analytics.shrinkage import fit, shrunk


def one(seen: float, known: float, past: float = 100, past_sold: float = 1000) -> tuple[float, float, float]:
    told = nowcast(
        np.array([seen]), np.array([100.0]), np.array([known]), np.zeros(1), np.array([past]), np.array([past_sold])
    )
    return float(told.value[0]), float(told.lo[0]), float(told.hi[0])


def test_a_cohort_that_is_all_known_is_what_it_is() -> None:
    assert one(7, 1.0) == (0.07, 0.07, 0.07)


def test_a_young_cohort_leans_on_the_past_and_says_how_little_it_knows() -> None:
    value, lo, hi = one(0, 0.0)
    assert value == pytest.approx(0.10, abs=0.002)
    assert lo < 0.06 and hi > 0.15
    older = one(8, 0.8)
    assert older[0] == pytest.approx(0.10, abs=0.003)
    assert older[2] - older[1] < hi - lo
    assert older[1] >= 0.08  # what is back is back


def test_too_few_returns_are_called_too_few() -> None:
    assert np.isnan(one(1, 0.2, past=2, past_sold=40)[0])


def test_ages_end_where_the_cohort_is_mature() -> None:
    assert list(young_ages(14)) == [1, 2]
    assert list(young_ages(30)) == [1, 2, 3, 4, 5]
    assert (longest_delay(14), longest_delay(30)) == (4, 6)


def test_young_cohorts_come_out_near_the_rate_of_their_category() -> None:
    weeks = longest_delay(14) + 1 + PAST_WEEKS
    sold, returned = np.full((2, weeks + 1), 200.0), np.zeros((2, weeks + 1, 5))
    for group, rate in enumerate((0.05, 0.20)):
        for age in range(1, weeks + 1):
            for delay, share in enumerate((0.2, 0.4, 0.3, 0.1, 0.0)):
                if delay < age:
                    returned[group, age, delay] = round(200 * rate * share)
    told = young_cohorts(CohortSums(sold, returned), 14)
    assert told.value.shape == (2, 2)
    assert told.value[0] == pytest.approx([0.05, 0.05], abs=0.004)
    assert told.value[1] == pytest.approx([0.20, 0.20], abs=0.01)
    assert (told.lo <= told.value).all() and (told.value <= told.hi).all()


def test_a_small_cell_is_drawn_to_its_category_and_a_big_one_stays() -> None:
    n = np.array([2.0, 60, 10, 11, 9, 10])
    pieces = np.array([4.0, 200, 100, 100, 100, 100])
    value, lo, hi = shrunk(n, pieces, np.zeros(6, dtype=np.int64))
    assert value[0] < 0.35 and value[0] < 0.5  # two of four are no 50 %
    assert value[1] == pytest.approx(0.30, abs=0.03)
    assert (lo <= value).all() and (value <= hi).all() and hi[0] - lo[0] > hi[1] - lo[1]


def test_cells_that_do_not_differ_are_all_drawn_to_their_category() -> None:
    n, pieces = np.full(30, 5.0), np.full(30, 50.0)
    assert shrunk(n, pieces, np.zeros(30, dtype=np.int64))[0] == pytest.approx(0.1, abs=0.002)
    assert fit(n, np.full(30, 5.0)).shape1 > 20


def test_of_cells_without_a_return_nothing_is_known() -> None:
    prior = fit(np.zeros(5), np.ones(5))
    assert prior.mean(np.zeros(5), np.ones(5)) == pytest.approx(np.full(5, 0.5))


def test_chance_is_not_taken_for_unevenness() -> None:
    dice = np.random.default_rng(1)
    even = dice.poisson(10, (20, 12)).astype(float)
    assert overdispersion(even, np.full((20, 12), 10.0)) <= 1.05
    uneven = even * np.where(dice.random(12) < 0.5, 0.3, 1.7)
    assert overdispersion(uneven, np.full((20, 12), 10.0)) > 3
    assert overdispersion(even[:1, :2], np.full((1, 2), 10.0)) == 1.0


def test_a_reason_that_inspection_contradicts_is_worth_little() -> None:
    seen = {("defective", "defective"): 12, ("defective", "changed_mind"): 28, ("does_not_fit", "does_not_fit"): 20}
    told = {one.reason: one for one in reasons.worth(seen, {"defective": 40, "does_not_fit": 20})}
    assert (told["defective"].share.value, told["defective"].share.n, told["defective"].mostly) == (
        0.3,
        40,
        "changed_mind",
    )
    assert (told["does_not_fit"].share.value, told["does_not_fit"].mostly) == (1.0, None)


def test_pieces_of_one_line_say_what_they_say_once() -> None:
    seen = {("defective", "defective"): 30, ("defective", "changed_mind"): 10}
    single, paired = (reasons.worth(seen, {"defective": lines})[0].share for lines in (40, 20))
    assert (single.value, single.n) == (paired.value, paired.n) == (0.75, 40)
    assert (single.lo, single.hi) == pytest.approx((wilson(30, 40).lo, wilson(30, 40).hi))
    assert (paired.lo, paired.hi) == pytest.approx((wilson(15, 20).lo, wilson(15, 20).hi))
    assert reasons.worth({}, {}) == []
    with pytest.raises(ValueError, match="of 41 lines"):
        reasons.worth(seen, {"defective": 41})


def test_uninspected_pieces_are_split_as_the_inspected_ones_turned_out() -> None:
    learned = {
        ("defective", "defective"): 300,
        ("defective", "changed_mind"): 700,
        ("changed_mind", "changed_mind"): 500,
    }
    told = {one.cause: one for one in reasons.corrected({}, {"defective": 40}, learned)}
    assert told["defective"].stated == 1.0
    assert told["defective"].value == pytest.approx(0.30, abs=0.01)
    assert told["changed_mind"].value == pytest.approx(0.70, abs=0.01)
    assert told["defective"].lo < 0.2 and told["defective"].hi > 0.4
    assert sum(one.value for one in told.values()) == pytest.approx(1.0)


def test_inspected_pieces_are_what_they_are() -> None:
    told = reasons.corrected({("defective", "defective"): 3}, {}, {("defective", "defective"): 3})
    assert [(one.cause, one.value, one.lo, one.hi, one.n) for one in told] == [("defective", 1.0, 1.0, 1.0, 3)]
    assert reasons.corrected({}, {}, {}) == []
    alone = reasons.corrected({}, {"incomplete": 4}, {})
    assert sum(one.value for one in alone) == pytest.approx(1.0)
