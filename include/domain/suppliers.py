"""Suppliers: which inspected pieces are his defect, what may be claimed, and what the counts say of the agreed rate.

A rate that was agreed with a supplier is a share of what he delivers. Two counted shares stand around the true one:
what was found among the pieces *sold* is at most it (not every broken piece comes back), the share of the *inspected*
returns is at least it, as long as broken pieces come back no less often than sound ones. docs/methods/suppliers.md.
"""

from dataclasses import dataclass
from enum import StrEnum

UNKNOWN = "unknown"  # a supplier the catalogue does not name
WRONG_ITEM = "wrong_item"
# One finding may be a mistake of the inspector's: nobody is accused "for sure" on fewer.
FEWEST_FOUND = 3
MOST_UNITS = 200  # of one claim file
MOST_PHOTOS = 4  # of one piece in it


class Fault(StrEnum):
    """Why a piece is the supplier's defect."""

    DEFECTIVE = "defective"
    INCOMPLETE = "incomplete"


class Verdict(StrEnum):
    """What the counts say of the agreed rate."""

    ABOVE = "above"
    PERHAPS = "perhaps"
    WITHIN = "within"
    TOO_FEW = "too_few"
    NO_AGREEMENT = "no_agreement"


class Why(StrEnum):
    """Why a piece cannot be claimed from its supplier."""

    NO_FAULT = "no_fault"
    NO_SUPPLIER = "no_supplier"
    CLAIMED = "claimed"
    SOLD_AGAIN = "resold"
    BACK_AT_THE_BUYER = "returned_to_buyer"


@dataclass(frozen=True, slots=True)
class Rate:
    """``found`` of ``counted`` pieces with the interval of that share; ``agreed`` is what was agreed for these pieces.

    Without pieces ``lo`` and ``hi`` are None; without any agreement ``agreed`` is.
    """

    found: int
    counted: int
    lo: float | None
    hi: float | None
    agreed: float | None = None

    @property
    def value(self) -> float | None:
        """Return the share found."""
        return self.found / self.counted if self.counted else None


def fault(finding: str | None, state: str, *, packaging_intact: bool | None, signs_of_use: bool | None) -> Fault | None:
    """Return why an inspected piece is its supplier's defect; None where it is not, or where that is not shown.

    What does not work is. What lacks a part is only in a packaging that nobody opened, without signs of use: out of an
    open one somebody on the way or the buyer may have taken it.
    """
    if not counted(finding, state):
        return None
    if finding == "defective":
        return Fault.DEFECTIVE
    if finding == "incomplete" and packaging_intact is True and signs_of_use is False:
        return Fault.INCOMPLETE
    return None


def counted(finding: str | None, state: str) -> bool:
    """Tell whether an inspected piece says anything of the supplier: another article in its parcel does not."""
    return WRONG_ITEM not in (finding, state)


def not_claimable(found: Fault | None, supplier: str, state: str, *, claimed: bool) -> Why | None:
    """Return why a piece cannot be claimed from its supplier at cost; None: it can."""
    if found is None:
        return Why.NO_FAULT
    if supplier == UNKNOWN:
        return Why.NO_SUPPLIER
    if claimed:
        return Why.CLAIMED
    return Why(state) if state in (Why.SOLD_AGAIN, Why.BACK_AT_THE_BUYER) else None


def verdict(inspected: Rate, sold: Rate) -> Verdict:
    """Say what both shares tell of the agreed rate.

    Only what was found among the pieces sold can show that it is exceeded; the inspected returns, drawn by what was
    sent back, can only raise the question, or settle that it is kept.
    """
    by_returns = against(inspected)
    if not sold.counted:
        return Verdict.PERHAPS if by_returns is Verdict.ABOVE else by_returns
    by_sold = against(sold)
    return Verdict.WITHIN if by_sold is Verdict.TOO_FEW and by_returns is Verdict.WITHIN else by_sold


def against(rate: Rate) -> Verdict:
    """Compare one share with the rate agreed for its pieces, by its interval alone."""
    if rate.agreed is None:
        return Verdict.NO_AGREEMENT
    if rate.value is None or rate.lo is None or rate.hi is None:
        return Verdict.TOO_FEW
    if rate.lo > rate.agreed and rate.found >= FEWEST_FOUND:
        return Verdict.ABOVE
    if rate.value > rate.agreed:
        return Verdict.PERHAPS
    return Verdict.WITHIN if rate.hi <= rate.agreed else Verdict.TOO_FEW
