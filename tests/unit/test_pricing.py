"""Resale prices lie in their band, in whole tenge."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.offer_sku import resale_sku
from include.domain.pricing import band, resale_price


@pytest.mark.parametrize(
    ("main", "discount", "price"),
    [
        (10_000, "7.5", 9_250),
        (9_990, "7.5", 9_241),  # 9240.75
        (19, "7.5", 18),  # 17.575 rounds to 18, inside [17.1, 18.05]
        (11, "10", 10),  # 9.9 rounds to 10, the only whole tenge of [9.9, 10.45]
        (30, "5", 28),  # 28.5 would round up out of the band
        (10_000, 10, 9_000),
        (10_000, 5, 9_500),
        (3, "7.5", None),
    ],
)
def test_price_by_example(main: int, discount: str | int, price: int | None) -> None:
    assert resale_price(main, discount) == price


@given(st.integers(1, 10**9), st.fractions(5, 10))
def test_price_is_always_five_to_ten_percent_off(main: int, discount: Fraction) -> None:
    price = resale_price(main, discount)

    if price is None:
        low, high = band(main)
        assert low > high
    else:
        assert main * 90 <= price * 100 <= main * 95
        assert abs(price - main * (100 - discount) / 100) < 1


@pytest.mark.parametrize("discount", [4.99, 10.01, 0, -5, 50])
def test_discount_outside_the_band_is_refused(discount: float) -> None:
    with pytest.raises(ValueError, match="outside 5 to 10"):
        resale_price(10_000, discount)


def test_resale_sku_by_example() -> None:
    assert resale_sku("AT10037") == "AT10037R"
    assert resale_sku("X" * 19) == "X" * 19 + "R"


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_resale_sku_is_legal_and_belongs_to_one_product(one: str, other: str) -> None:
    assert resale_sku(one).isascii()
    assert resale_sku(one).isalnum()
    assert len(resale_sku(one)) <= 20
    if one != other:
        assert resale_sku(one) != resale_sku(other)
