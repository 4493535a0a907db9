"""What a unit is expected to leave, against worlds whose truth is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.analytics.recovery import (
    DRAWS,
    Outlook,
    Shelf,
    Work,
    compare,
    give_up,
    market,
    mend,
    sell,
    workshop,
)
from include.domain.routes import Parts, Terms

TERMS = Terms(price=10_000, fee=1_200, day=30, disposal=180, handling=520)


def shelves(rates: dict[tuple[str, str], float], products: int, units: int, seed: int = 1) -> list[Shelf]:
    """Units that sell at a constant rate a day of their channel and category, watched for 60 days."""
    rng = np.random.default_rng(seed)
    found = []
    for (channel, category), rate in rates.items():
        for n in range(products):
            waits = rng.exponential(1 / rate, units)
            found.append(
                Shelf(channel, category, f"{category}-{n}", int((waits <= 60).sum()), float(waits.clip(max=60).sum()))
            )
    return found


def test_a_long_history_tells_the_rate_of_each_category() -> None:
    truth = {("main", "shoes"): 0.10, ("main", "phones"): 0.02, ("resale", "shoes"): 0.05, ("main", "toys"): 0.05,
             ("resale", "phones"): 0.03, ("resale", "toys"): 0.20}  # fmt: skip
    found = market(shelves(truth, 12, 40), 30)
    for (channel, category), rate in truth.items():
        draws = found.rates(channel, category, "never seen")
        assert rate * 0.75 < np.median(draws) < rate * 1.35, (channel, category)
        low, high = np.quantile(draws, [0.01, 0.99])
        assert low < rate < high


def test_a_product_with_little_of_its_own_is_like_its_category_and_one_with_much_is_itself() -> None:
    usual = shelves({("main", "shoes"): 0.05, ("main", "phones"): 0.05, ("main", "toys"): 0.05}, 30, 20)
    odd = [Shelf("main", "shoes", f"odd-{n}", 0, 60.0 * 20) for n in range(6)]
    found = market([*usual, *odd, Shelf("main", "shoes", "young", 0, 3.0)], 30)
    plain = np.mean(found.rates("main", "shoes", "shoes-1"))
    assert np.mean(found.rates("main", "shoes", "young")) > plain / 2
    assert np.mean(found.rates("main", "shoes", "odd-1")) < plain / 4


def test_without_a_history_the_assumption_stands_and_is_unsure() -> None:
    draws = market([], 30).rates("main", "shoes", "A1")
    chance = sell("main", draws, 60, TERMS).estimate
    assert 0.4 < chance.sale_probability < 0.9
    known = market([Shelf("main", "shoes", "A1", 400, 400 * 30.0)], 30).rates("main", "shoes", "A1")
    surer = sell("main", known, 60, TERMS).estimate
    assert (surer.high - surer.low) * 3 < chance.high - chance.low


def test_the_same_history_says_the_same_whoever_asks_first() -> None:
    rows = shelves({("main", "shoes"): 0.1, ("resale", "shoes"): 0.05}, 10, 10)
    one, other = market(rows, 30), market(rows, 30)
    other.rates("resale", "shoes", "shoes-3")
    assert (one.rates("main", "shoes", "shoes-1") == other.rates("main", "shoes", "shoes-1")).all()


@settings(deadline=None)
@given(st.floats(0.001, 3), st.integers(100, 100_000), st.integers(0, 500), st.integers(0, 200))
def test_the_parts_are_the_net_and_the_interval_holds_it(rate: float, price: int, disposal: int, day: int) -> None:
    terms = Terms(price=price, fee=price // 8, day=day, disposal=disposal, handling=500)
    rates = np.random.default_rng(1).gamma(3, rate / 3, DRAWS)
    outlook = sell("resale", rates, 60, terms)
    found = outlook.estimate
    assert found.parts is not None and found.net is not None
    assert found.net == found.parts.net
    assert abs(found.net - outlook.net.mean()) <= 4, "each part is rounded by itself"
    assert found.low <= found.high
    assert 0 <= found.sale_probability <= 1
    assert 0 <= found.days <= 60
    assert found.parts.proceeds <= price and found.parts.holding <= day * 60 + 1


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.3])
def test_a_constant_rate_by_the_book(rate: float) -> None:
    found = sell("main", np.full(DRAWS, rate), 60, TERMS).estimate
    chance = 1 - np.exp(-rate * 60)
    assert found.sale_probability == pytest.approx(chance)
    assert found.days == pytest.approx(chance / rate)
    assert found.parts == Parts(
        proceeds=round(10_000 * chance), fee=round(1_200 * chance), handling=520, holding=round(30 * chance / rate),
        write_off=round(180 * (1 - chance)),
    )  # fmt: skip


def test_the_interval_of_the_rate_holds_the_truth_as_often_as_it_says() -> None:
    """80 % of intervals for the expected net of a category that was not used to fix anything."""
    inside = total = 0
    rng = np.random.default_rng(7)
    for seed in range(40):
        truth = {("main", f"c{n}"): float(rng.gamma(4, 0.0125)) for n in range(8)}
        found = market(shelves(truth, 4, 6, seed), 30)
        for (channel, category), rate in truth.items():
            told = sell(channel, found.rates(channel, category, f"{category}-0"), 60, TERMS).estimate
            true = sell(channel, np.full(DRAWS, rate), 60, TERMS).estimate
            inside += told.low <= true.net <= told.high
            total += 1
    assert 0.70 < inside / total < 0.92, inside / total


def test_what_is_unknown_is_named_and_left_out() -> None:
    rates = np.full(DRAWS, 0.05)
    found = sell("main", rates, 60, Terms(price=1_000, fee=None, day=None, disposal=180)).estimate
    assert found.unknown == ("fee", "holding")
    assert found.parts.fee == found.parts.holding == 0
    assert mend(rates, 60, TERMS, None, np.full(DRAWS, 0.9)).estimate.unknown == ("repair",)


def test_repair_is_drawn_towards_the_merchants_own_and_may_fail() -> None:
    works = [Work("phones", "repair", 40, 10, 5_000, 640_000), Work("shoes", "repair", 40, 2, 900, 90_000),
             Work("toys", "repair", 3, 0, 400, 90_000), Work("toys", "packaging", 5, 0, 300, 100)]  # fmt: skip
    shop = workshop(works)
    phones, toys, unknown = (float(shop.cost("repair", one).mean()) for one in ("phones", "toys", "hats"))
    assert 4_500 < phones < 5_300 and 380 < toys < 1_200 and 2_000 < unknown < 3_500
    assert shop.cost("parts", "phones") is None
    success = shop.success("repair", "phones")
    assert 0.7 < success.mean() < 0.9
    rates = np.full(DRAWS, 0.05)
    mended = mend(rates, 60, TERMS, shop.cost("repair", "phones"), success).estimate
    as_it_is = sell("off_kaspi", rates, 60, TERMS).estimate
    assert mended.net < as_it_is.net - 4_000
    assert mended.sale_probability == pytest.approx(as_it_is.sale_probability * success.mean(), rel=0.01)
    assert workshop([]).cost("repair", "phones") is None


def test_a_write_off_leaves_the_disposal_and_what_was_spent() -> None:
    assert give_up(Terms(price=0, fee=0, day=30, disposal=180, handling=520)).estimate.net == -700


def test_how_surely_one_route_beats_another() -> None:
    fast, slow = (sell(name, np.full(DRAWS, rate), 60, TERMS) for name, rate in (("resale", 0.1), ("main", 0.02)))
    found = {one.route: one.beats_plain for one in compare([fast, slow], "main")}
    assert found == {"resale": 1.0, "main": None}
    assert [one.beats_plain for one in compare([fast, slow], "off_kaspi")] == [None, None]
    assert isinstance(fast, Outlook)
