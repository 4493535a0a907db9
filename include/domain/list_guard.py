"""When a price list looks wrong: it lost many offers, or many prices jumped. Then a person is asked first."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Reason = Literal["mass_removal", "price_jump"]


@dataclass(frozen=True, slots=True)
class Change:
    """How a list differs from the last good one, in offers of the merchant's own: before, lost, in both, jumped."""

    before: int
    removed: int
    kept: int
    jumped: int


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest shares that are normal: offers lost of those before, prices jumped of those in both."""

    removed_share: Fraction
    jumped_share: Fraction


def abnormal(change: Change, limits: Limits) -> tuple[Reason, ...]:
    """Return why the list may not go out by itself; nothing where it is normal."""
    reasons: list[Reason] = []
    if change.removed > change.before * limits.removed_share:
        reasons.append("mass_removal")
    if change.jumped > change.kept * limits.jumped_share:
        reasons.append("price_jump")
    return tuple(reasons)
