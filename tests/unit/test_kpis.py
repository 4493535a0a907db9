"""KPI arithmetic against answers worked out by hand or published."""

import datetime as dt
from dataclasses import replace

import pytest

from include.analytics.durations import quantiles
from include.analytics.kpis import Cohort, Expected, ReceivedUnit, numbers
from include.analytics.rates import wilson
from include.domain import kpi

MONDAY = dt.date(2026, 11, 16)
LAST = dt.date(2026, 11, 9)
HOUR = 3600.0
UNIT = ReceivedUnit("Посуда", LAST, "received", None, None, None, None, None, None, 24 * HOUR, None, 10000, 1200, None)


def test_wilson_is_newcombes_published_interval() -> None:
    share = wilson(81, 263)
    assert (share.value, share.n) == (pytest.approx(0.3080, abs=1e-4), 263)
    assert (share.lo, share.hi) == (pytest.approx(0.2553, abs=1e-4), pytest.approx(0.3662, abs=1e-4))


def test_an_uncertain_count_widens_the_interval_only() -> None:
    sure, unsure = wilson(5, 50), wilson(5, 50, count_lo=5, count_hi=9)
    assert unsure.value == sure.value
    assert unsure.lo == sure.lo
    assert unsure.hi is not None and sure.hi is not None and unsure.hi > sure.hi


def test_counts_out_of_order_are_an_error() -> None:
    with pytest.raises(ValueError, match="out of order"):
        wilson(6, 5)
    assert wilson(0, 0).value is None


def test_open_units_stay_in_and_other_ends_compete() -> None:
    # 1 h and 2 h reached, 3 h open, 4 h ended otherwise, 5 h open: cumulative incidence 0.2, 0.4, then flat
    ends = ["reached", "reached", "open", "other", "open"]
    assert quantiles([1, 2, 3, 4, 5], ends, (0.2, 0.4, 0.5)) == [1, 2, None]  # type: ignore[arg-type]
    # leaving the two that did not finish out would have said "2 h" for the median
    assert quantiles([1, 2], ["reached", "reached"], (0.5,)) == [1]


def test_nothing_reached_is_not_reached() -> None:
    assert quantiles([3.0, 4.0], ["open", "other"], (0.5,)) == [None]
    assert quantiles([], [], (0.5, 0.9)) == [None, None]


def of(found: list, name: str, horizon: int | None = None):  # type: ignore[no-untyped-def, type-arg]
    return [row for row in found if (row.kpi, row.horizon_days, row.category) == (name, horizon, None)]


def test_units_of_a_receipt_week() -> None:
    units = [
        replace(UNIT, routed_after=2 * HOUR, on_sale_after=10 * HOUR, on_sale_proof="observed", channel="main"),
        replace(UNIT, routed_after=4 * HOUR, closed_after=6 * HOUR, state="written_off"),
        replace(UNIT, on_sale_after=5 * HOUR, on_sale_proof="published", channel="off_kaspi"),
        UNIT,
    ]
    found = numbers(units, [], [], MONDAY)
    relisted = of(found, "relisted_share")[0]
    assert (relisted.value, relisted.n) == (0.5, 4)
    assert of(found, "time_to_sellable_p50")[0].value is None  # one of four is on sale on Kaspi
    assert of(found, "time_to_sellable_p50")[0].note == f"{kpi.NOT_REACHED}; observed 1, published 1"
    assert of(found, "processing_time_p50")[0].value == 4
    assert of(found, "reverse_logistics_cost")[0].value == 1200


def test_money_counts_what_is_known_and_says_what_is_left_out() -> None:
    over = replace(UNIT, closed_after=6 * HOUR, state="resold", reverse_cost=800, net_recovery=7000)
    units = [
        over,
        replace(over, reverse_cost=2200, net_recovery=-400, original_price=None),
        replace(over, reverse_cost=None, net_recovery=None),
        replace(UNIT, reverse_cost=600),
    ]
    found = numbers(units, [], [], MONDAY)
    cost, share, won = (
        of(found, name)[0] for name in ("reverse_logistics_cost", "reverse_logistics_cost_share", "net_recovery")
    )
    assert (cost.value, cost.n, cost.note) == (1200, 3, kpi.COST_UNKNOWN)
    assert (share.value, share.n) == (0.07, 2), "of 20,000 paid for the two with a price"
    assert (won.value, won.n, won.note) == (3300, 2, f"{kpi.OPEN_LEFT_OUT}; {kpi.COST_UNKNOWN}")
    assert of(numbers([over], [], [], MONDAY), "net_recovery")[0].note is None
    unpriced = of(numbers([replace(UNIT, reverse_cost=None)], [], [], MONDAY), "reverse_logistics_cost")[0]
    assert (unpriced.value, unpriced.n) == (None, 0), "no price is no nought"


def test_claims_are_found_sent_paid_and_lost() -> None:
    units = [
        UNIT,
        replace(UNIT, claimable=3000),
        replace(UNIT, claimable=4000, claimed=True),
        replace(UNIT, claimable=5000, claimed=True, claim_paid=4500),
        replace(UNIT, claimable=600, claim_lost=True),
    ]
    found = numbers(units, [], [], MONDAY)
    told = {name: (of(found, name)[0].value, of(found, name)[0].n) for name in kpi.BY_NAME if name.startswith("claims")}
    assert told == {"claims": (12600, 4), "claims_sent": (9000, 2), "claims_paid": (4500, 1), "claims_lost": (600, 1)}


def test_a_share_is_written_only_for_weeks_older_than_its_horizon() -> None:
    old = replace(UNIT, week_start=MONDAY - dt.timedelta(weeks=6), resold_after=29 * 86400.0, proceeds=9000)
    found = numbers([UNIT, old], [], [], MONDAY)
    assert [(row.week_start, row.value) for row in of(found, "resale_share", 30)] == [(old.week_start, 1.0)]
    assert of(found, "resale_share_value", 30)[0].value == 0.9
    assert of(found, "resale_share", 60) == []


def test_return_rates_leave_young_cohorts_out_and_say_backfilled() -> None:
    cohort = Cohort("Посуда", dt.date(2026, 10, 26), 14, 40, 3, 3, 5, 0, True)
    young = replace(cohort, week_start=LAST)
    found = of(numbers([], [cohort, young, replace(cohort, category="Свет", sold=60)], [], MONDAY), "return_rate", 14)
    assert [(row.week_start, row.value, row.n, row.note) for row in found] == [
        (cohort.week_start, 0.06, 100, kpi.BACKFILLED)
    ]


def test_reconciled_share_counts_units_without_open_questions() -> None:
    found = of(numbers([], [], [Expected("a", LAST, 8, 7), Expected("b", LAST, 2, 2)], MONDAY), "reconciled_share")
    assert (found[0].value, found[0].n) == (0.9, 10)


def test_weeks_end_before_the_running_one() -> None:
    weeks = kpi.weeks_written(dt.date(2026, 11, 18))
    assert (weeks[0], weeks[-1], len(weeks)) == (dt.date(2026, 8, 24), LAST, 12)
