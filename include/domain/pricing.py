"""Prices of returned goods, in whole tenge."""

from fractions import Fraction
from math import ceil, floor

LEAST_DISCOUNT, MOST_DISCOUNT = Fraction(5), Fraction(10)  # percent
Percent = Fraction | int | float | str


def band(main_price: int) -> tuple[int, int]:
    """Return the lowest and the highest whole price that is 5 to 10 % below ``main_price``.

    The band of a very low price may hold no whole tenge; the lowest is then above the highest.
    """
    low = ceil(main_price * (100 - MOST_DISCOUNT) / 100)
    high = floor(main_price * (100 - LEAST_DISCOUNT) / 100)
    return low, high


def resale_price(main_price: int, discount_percent: Percent) -> int | None:
    """Return the price ``discount_percent`` below ``main_price``, rounded inside the 5–10 % band.

    None where the band holds no whole tenge. Raises ValueError for a discount outside 5 to 10 %.
    """
    discount = Fraction(str(discount_percent)) if isinstance(discount_percent, float) else Fraction(discount_percent)
    if not LEAST_DISCOUNT <= discount <= MOST_DISCOUNT:
        raise ValueError(f"resale discount {discount_percent} % is outside 5 to 10 %: correct the setting")
    low, high = band(main_price)
    if low > high:
        return None
    nearest = floor(main_price * (100 - discount) / 100 + Fraction(1, 2))
    return min(max(nearest, low), high)
