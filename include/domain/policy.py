"""The policy gate: where may a returned unit be sold again, if anywhere.

Kaspi forbids used goods. A unit with signs of use, or one that was repaired, never becomes a Kaspi offer;
new goods do: as they are on the main offer, with renewed or damaged packaging under a resale SKU.
"""

from dataclasses import dataclass
from typing import Literal

Channel = Literal["main", "resale", "off_kaspi"]

# From the best price to the worst; the worse of what the facts allow and what the inspector proposed is taken.
CHANNELS: tuple[Channel, ...] = ("main", "resale", "off_kaspi")
NOT_FOR_SALE = frozenset({"supplier", "write_off"})


@dataclass(frozen=True, slots=True)
class Condition:
    """What is known of a unit when it is decided on. ``None`` means that nobody recorded it."""

    state: str
    grade: str | None
    route: str | None
    finding: str | None
    signs_of_use: bool | None
    repaired: bool = False
    repacked: bool = False
    packaging_intact: bool | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """``channel`` is where the unit may be sold, or ``None`` for a refusal; ``reason`` says why, for people."""

    channel: Channel | None
    reason: str


def may_be_kaspi_offer(condition: Condition) -> bool:
    """Tell whether a unit may stand behind any Kaspi offer, a main or a resale one."""
    return (
        condition.state in {"qc", "restock_pending", "on_sale"}
        and condition.signs_of_use is False
        and not condition.repaired
        and condition.finding not in {"wrong_item", "defective"}
    )


def place(condition: Condition) -> Verdict:
    """Decide the channel of a unit that has passed QC, or refuse it."""
    if refusal := _refusal(condition):
        return Verdict(None, refusal)
    best, reason = _best(condition)
    proposed = _proposed(condition)
    if CHANNELS.index(proposed) > CHANNELS.index(best):
        return Verdict(proposed, f"the inspector proposed {proposed}")
    return Verdict(best, reason)


def _refusal(condition: Condition) -> str | None:
    """Return why the unit may not be sold anywhere by us, if so."""
    if condition.state != "qc":
        return f"the unit is {condition.state}: only one that has passed QC is put back on sale"
    if condition.finding == "wrong_item":
        return "it is not the article that was sold: send it back or adopt it"
    if condition.route in NOT_FOR_SALE:
        return f"its route is {condition.route}: it does not go back on sale"
    if condition.signs_of_use is None:
        return "signs of use were not recorded: inspect it again"
    if condition.grade is None:
        return "it has no grade: inspect it again"
    return None


def _best(condition: Condition) -> tuple[Channel, str]:
    """Return the best channel that the facts allow."""
    if not may_be_kaspi_offer(condition):
        return "off_kaspi", "used, repaired or defective goods may not be offered on Kaspi"
    if condition.grade not in {"A", "B"}:
        return "off_kaspi", f"grade {condition.grade} is below what may be sold as new"
    if condition.grade == "B" or condition.repacked or condition.packaging_intact is False:
        return "resale", "new goods, packaging renewed or damaged"
    return "main", "new goods, intact"


def _proposed(condition: Condition) -> Channel:
    """Return the channel that the inspector's route leads to."""
    match condition.route:
        case "resale":
            return "resale"
        case "off_kaspi" | "repair":
            return "off_kaspi"
        case _:
            return "main"
