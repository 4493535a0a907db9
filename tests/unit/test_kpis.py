"""KPI arithmetic against answers worked out by hand or published."""

import datetime as dt
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import CumIncidenceRight
from statsmodels.stats.proportion import proportion_confint

from include.analytics.durations import Spans, quantiles
from include.analytics.kpis import Cohort, Expected, numbers
from include.analytics.rates import Count, shares, wilson
from include.domain import kpi
from tests.receipts import ReceivedUnit, receipts_of

NOW = dt.datetime.fromisoformat("2026-11-16T08:00:00+05:00")
MONDAY = NOW.date()
LAST = dt.date(2026, 11, 9)
HOUR = 3600.0
UNIT = ReceivedUnit("Посуда", LAST, received_at=NOW - dt.timedelta(days=1), original_price=10000, reverse_cost=1200)


def test_wilson_is_newcombes_published_interval() -> None:
    share = wilson(81, 263)
    assert (share.value, share.n) == (pytest.approx(0.3080, abs=1e-4), 263)
    assert (share.lo, share.hi) == (pytest.approx(0.2553, abs=1e-4), pytest.approx(0.3662, abs=1e-4))


def test_an_uncertain_count_widens_the_interval_only() -> None:
    sure, unsure = shares([Count.of(5, 50), Count(5, 50, 5, 9, 50)])
    assert unsure.value == sure.value
    assert unsure.lo == sure.lo
    assert unsure.hi is not None and sure.hi is not None and unsure.hi > sure.hi


def test_counts_out_of_order_are_an_error() -> None:
    with pytest.raises(ValueError, match="out of order"):
        wilson(6, 5)
    assert wilson(0, 0).value is None


def spans(reached: list[float], other: list[float], waiting: list[float]) -> Spans:
    return Spans(*(np.array(times, dtype=float) for times in (reached, other, waiting)))


def test_open_units_stay_in_and_other_ends_compete() -> None:
    # 1 h and 2 h reached, 3 h open, 4 h ended otherwise, 5 h open: cumulative incidence 0.2, 0.4, then flat
    assert quantiles(spans([1, 2], [4], [3, 5]), (0.2, 0.4, 0.5)) == [1, 2, None]
    # leaving the two that did not finish out would have said "2 h" for the median
    assert quantiles(spans([1, 2], [], []), (0.5,)) == [1]


def test_nothing_reached_is_not_reached() -> None:
    assert quantiles(spans([], [4.0], [3.0]), (0.5,)) == [None]
    assert quantiles(spans([], [], []), (0.5, 0.9)) == [None, None]


# few values, so that units end at the same moment
TIMES = st.lists(st.integers(0, 12).map(float), max_size=20)


@settings(deadline=None)
@given(TIMES, TIMES, TIMES)
def test_the_estimate_is_that_of_statsmodels(reached: list[float], other: list[float], waiting: list[float]) -> None:
    asked = (0.1, 0.25, 0.5, 0.9)
    wanted: list[float | None] = [None] * len(asked)
    if reached:
        status = [1] * len(reached) + [2] * len(other) + [0] * len(waiting)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of the variance when nobody is left
            curve = CumIncidenceRight(np.array(reached + other + waiting), np.array(status))
        for place, share in enumerate(asked):
            at_least = np.flatnonzero(curve.cinc[0] >= share - 1e-9)
            wanted[place] = float(curve.times[at_least[0]]) if at_least.size else None
    assert quantiles(spans(reached, other, waiting), asked) == wanted


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 40)), max_size=8))
def test_all_intervals_at_once_are_those_of_each(drawn: list[tuple[int, int]]) -> None:
    counts = [Count.of(count, count + more) for count, more in drawn]
    for one, share in zip(counts, shares(counts), strict=True):
        if one.n == 0:
            assert share.value is None
            continue
        lower, upper = proportion_confint(one.count, one.n, method="wilson")
        assert (share.lo, share.hi) == (pytest.approx(max(lower, 0)), pytest.approx(min(upper, 1)))


def of(found: list, name: str, horizon: int | None = None):  # type: ignore[no-untyped-def, type-arg]
    return [row for row in found if (row.kpi, row.horizon_days, row.category) == (name, horizon, None)]


def test_units_of_a_receipt_week() -> None:
    units = [
        replace(UNIT, routed_after=2 * HOUR, on_sale_after=10 * HOUR, on_sale_proof="observed", channel="main"),
        replace(UNIT, routed_after=4 * HOUR, closed_after=6 * HOUR),
        replace(UNIT, on_sale_after=5 * HOUR, on_sale_proof="published", channel="off_kaspi"),
        UNIT,
    ]
    found = numbers(receipts_of(units), [], [], NOW)
    relisted = of(found, "relisted_share")[0]
    assert (relisted.value, relisted.n) == (0.5, 4)
    assert of(found, "time_to_sellable_p50")[0].value is None  # one of four is on sale on Kaspi
    assert of(found, "time_to_sellable_p50")[0].note == f"{kpi.NOT_REACHED}; observed 1, published 1"
    assert of(found, "processing_time_p50")[0].value == 4
    assert of(found, "reverse_logistics_cost")[0].value == 1200


def test_money_counts_what_is_known_and_says_what_is_left_out() -> None:
    over = replace(UNIT, closed_after=6 * HOUR, reverse_cost=800, net_recovery=7000)
    units = [
        over,
        replace(over, reverse_cost=2200, net_recovery=-400, original_price=None),
        replace(over, reverse_cost=None, net_recovery=None),
        replace(UNIT, reverse_cost=600),
    ]
    found = numbers(receipts_of(units), [], [], NOW)
    cost, share, won = (
        of(found, name)[0] for name in ("reverse_logistics_cost", "reverse_logistics_cost_share", "net_recovery")
    )
    assert (cost.value, cost.n, cost.note) == (1200, 3, kpi.COST_UNKNOWN)
    assert (share.value, share.n) == (0.07, 2), "of 20,000 paid for the two with a price"
    assert (won.value, won.n, won.note) == (3300, 2, f"{kpi.OPEN_LEFT_OUT}; {kpi.COST_UNKNOWN}")
    assert of(numbers(receipts_of([over]), [], [], NOW), "net_recovery")[0].note is None
    unpriced = of(numbers(receipts_of([replace(UNIT, reverse_cost=None)]), [], [], NOW), "reverse_logistics_cost")[0]
    assert (unpriced.value, unpriced.n) == (None, 0), "no price is no nought"


def test_claims_are_found_sent_paid_and_lost() -> None:
    units = [
        UNIT,
        replace(UNIT, claimable=3000),
        replace(UNIT, claimable=4000, claimed=True),
        replace(UNIT, claimable=5000, claimed=True, claim_paid=4500),
        replace(UNIT, claimable=600, claim_lost=True),
    ]
    found = numbers(receipts_of(units), [], [], NOW)
    told = {name: (of(found, name)[0].value, of(found, name)[0].n) for name in kpi.BY_NAME if name.startswith("claims")}
    assert told == {"claims": (12600, 4), "claims_sent": (9000, 2), "claims_paid": (4500, 1), "claims_lost": (600, 1)}


def test_a_share_is_written_only_for_weeks_older_than_its_horizon() -> None:
    old = replace(UNIT, week_start=MONDAY - dt.timedelta(weeks=6), resold_after=29 * 86400.0)
    found = numbers(receipts_of([UNIT, old]), [], [], NOW)
    assert [(row.week_start, row.value) for row in of(found, "resale_share", 30)] == [(old.week_start, 1.0)]
    assert of(found, "resale_share", 60) == []


def test_value_won_back_is_what_the_next_sales_left_of_what_the_first_ones_would_have() -> None:
    received = replace(UNIT, week_start=MONDAY - dt.timedelta(weeks=6), net_price=8800)
    sold = replace(received, resold_after=29 * 86400.0, net_proceeds=6600)
    units = [received, sold, replace(sold, resold_after=31 * 86400.0)]
    (value,) = of(numbers(receipts_of(units), [], [], NOW), "resale_share_value", 30)
    assert (value.value, value.n, value.note) == (0.25, 3, None)
    unknown = [
        replace(sold, net_proceeds=None),  # the fee of the next sale is not known
        replace(received, net_price=None),  # the fee of the first one, or its price
    ]
    (value,) = of(numbers(receipts_of([*units, *unknown]), [], [], NOW), "resale_share_value", 30)
    assert (value.value, value.n, value.note) == (0.25, 3, kpi.FEE_UNKNOWN)
    (value,) = of(numbers(receipts_of(unknown), [], [], NOW), "resale_share_value", 30)
    assert (value.value, value.n, value.note) == (None, 0, kpi.FEE_UNKNOWN), "unknown is no nought"


def test_return_rates_leave_young_cohorts_out_and_say_backfilled() -> None:
    cohort = Cohort(
        week_start=dt.date(2026, 10, 26), horizon_days=14, sold=100, returned=6, returned_lo=6, returned_hi=10,
        beyond_sold=0, backfilled=True,
    )  # fmt: skip
    found = of(numbers([], [cohort, replace(cohort, week_start=LAST)], [], NOW), "return_rate", 14)
    assert [(row.week_start, row.value, row.n, row.note) for row in found] == [
        (cohort.week_start, 0.06, 100, kpi.BACKFILLED)
    ]


def test_a_number_says_which_goods_it_is_about() -> None:
    expected = [
        Expected(week_start=LAST, units=10, reconciled=9),
        Expected(week_start=LAST, category="a", sku="A1", units=4, reconciled=4),
        Expected(week_start=LAST, category="a", supplier="Nomad", units=6, reconciled=5),
    ]
    found = numbers([], [], expected, NOW)
    assert [(row.category, row.sku, row.supplier, row.value, row.n) for row in found] == [
        (None, None, None, 0.9, 10), ("a", "A1", None, 1.0, 4), ("a", None, "Nomad", pytest.approx(5 / 6), 6),
    ]  # fmt: skip


def test_weeks_end_before_the_running_one() -> None:
    weeks = kpi.weeks_written(dt.date(2026, 11, 18))
    assert (weeks[0], weeks[-1], len(weeks)) == (dt.date(2026, 8, 24), LAST, 12)
