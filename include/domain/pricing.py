"""Prices of returned goods, in whole tenge, and whether selling them is worth it."""

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class SellingCosts:
    """What it takes to sell one returned unit: Kaspi's fee in percent of the price, the rest in tenge."""

    fee_percent: Fraction
    handling: int
    repair: int = 0
    packaging: int = 0
    holding: int = 0


def net_recovery(price: int, costs: SellingCosts) -> int:
    """Return what is left of ``price``, in tenge; the fee is rounded up."""
    fee = ceil(price * costs.fee_percent / 100)
    return price - fee - costs.handling - costs.repair - costs.packaging - costs.holding


def worth_selling(price: int, costs: SellingCosts) -> bool:
    """Tell whether a route is legal by money: its net recovery is above zero."""
    return net_recovery(price, costs) > 0
