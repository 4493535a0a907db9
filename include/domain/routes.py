"""Which route a returned unit takes: those that are legal, what each is expected to leave, which one is taken.

Money is whole tenge. The model that expects lives in ``include/analytics/recovery.py``; here is what it may not touch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from include.domain.policy import CHANNELS, NOT_FOR_SALE, Condition, place

ROUTES = (*CHANNELS, "repair", "supplier", "write_off")
JUDGED = frozenset({"inspected", "repacked", "repaired", "qc"})  # states in which the way is still open
BROKEN = "defective"

# Why a route is not legal, or was not taken; include/locale/route_labels.py has the words.
Refusal = Literal[
    "kaspi_forbids", "not_as_new", "inspector", "nothing_left", "no_price", "not_broken", "after_inspection",
    "not_sellable",
]  # fmt: skip
Why = Literal["best", "not_sure", "only_one", "person", "plain"]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a route is expected to bring and to cost, in tenge; each weighted by how probably it comes to it.

    ``handling`` is receiving and inspection, ``holding`` storage, ``write_off`` what it costs to dispose of what nobody
    bought. What was spent on the unit already is in them: it is the same on every route.
    """

    proceeds: int = 0
    fee: int = 0
    repair: int = 0
    packaging: int = 0
    handling: int = 0
    holding: int = 0
    write_off: int = 0

    @property
    def net(self) -> int:
        """Return the expected net recovery."""
        spent = self.fee + self.repair + self.packaging + self.handling + self.holding + self.write_off
        return self.proceeds - spent


@dataclass(frozen=True, slots=True)
class Terms:
    """What is known of a unit's money on a route, in tenge. None: nobody knows; the sum is then without it.

    ``fee`` is due when it sells, ``disposal`` when it does not; ``day`` is one day's storage, ``held`` that of the days
    that are over; ``repair``, ``packaging`` and ``handling`` are spent already or certain to be.
    """

    price: int
    fee: int | None
    day: int | None
    disposal: int | None
    repair: int | None = 0
    packaging: int | None = 0
    handling: int | None = 0
    held: int | None = 0

    def if_sold(self, days: float) -> int:
        """Return what a sale after so many days on offer leaves; what nobody knows is left out."""
        certain = sum(part or 0 for part in (self.fee, self.repair, self.packaging, self.handling, self.held))
        return self.price - certain - round(days * (self.day or 0))

    def worth(self, days: float) -> bool:
        """Tell whether the route is legal by money: a sale after so many days leaves more than nothing."""
        return self.if_sold(days) > 0


@dataclass(frozen=True, slots=True)
class Estimate:
    """One route of one unit. ``refusal`` says why it is not legal; an unknown amount is None, never nought.

    ``low`` and ``high`` bound the expected net recovery with 80 %; ``beats_plain`` is how sure the model is that the
    route leaves more than the plain rule's. ``unknown`` names the parts that nobody can tell; the sum is without them.
    """

    route: str
    refusal: Refusal | None = None
    price: int | None = None
    discount_permille: int = 0
    sale_probability: float | None = None
    days: float | None = None
    parts: Parts | None = None
    low: int | None = None
    high: int | None = None
    beats_plain: float | None = None
    unknown: tuple[str, ...] = ()

    @property
    def net(self) -> int | None:
        """Return the expected net recovery; None where it is not known."""
        return None if self.parts is None else self.parts.net

    @property
    def legal(self) -> bool:
        """Tell whether the route may be taken."""
        return self.refusal is None


@dataclass(frozen=True, slots=True)
class Choice:
    """The route that is proposed and why; ``plain`` is what the plain rule would do. None: no route is legal."""

    route: str | None
    plain: str | None
    why: Why


def refusals(condition: Condition) -> dict[str, Refusal | None]:
    """Return for each route why policy and law forbid it; None: they do not. Money is not looked at here.

    A unit that was inspected is judged as if it passed QC as it stands.
    """
    if condition.state not in JUDGED:
        return dict.fromkeys(ROUTES, "not_sellable")
    as_checked = replace(condition, state="qc")
    free = place(replace(as_checked, route=None)).channel
    bounded = place(as_checked).channel
    found: dict[str, Refusal | None] = {}
    for channel in CHANNELS:
        if free is None:
            found[channel] = "not_sellable"
        elif CHANNELS.index(channel) < CHANNELS.index(free):
            found[channel] = "kaspi_forbids" if free == "off_kaspi" else "not_as_new"
        elif bounded is None or CHANNELS.index(channel) < CHANNELS.index(bounded):
            found[channel] = "inspector"
        else:
            found[channel] = None
    inspected = condition.state == "inspected"
    for route in ("repair", "supplier", "write_off"):
        found[route] = None if inspected else "after_inspection"
    if inspected and condition.finding != BROKEN:
        found["repair"] = "not_broken"
    return found


def plain_route(condition: Condition) -> str | None:
    """Return what the plain rule does: intact goes to the main offer, repacked 7.5 % off, the rest off Kaspi."""
    if condition.state in JUDGED and condition.route in NOT_FOR_SALE:
        return condition.route
    return place(replace(condition, state="qc")).channel if condition.state in JUDGED else None


def choose(estimates: Sequence[Estimate], plain: str | None, confidence: float) -> Choice:
    """Return the legal route with the most expected net recovery, if it is surely better than the plain one.

    What is not known to pay is not proposed. ``confidence`` is how sure the model has to be, from 0.5 to 1.
    """
    known = {one.route: one for one in estimates if one.legal and one.net is not None}
    if not known:
        return Choice(plain if plain in _legal(estimates) else None, plain, "plain")
    best = max(known.values(), key=_worth)
    if plain not in known:
        return Choice(best.route, plain, "best")
    if best.route == plain:
        return Choice(plain, plain, "best" if len(known) > 1 else "only_one")
    sure = best.beats_plain is not None and best.beats_plain >= confidence
    return Choice(best.route if sure else plain, plain, "best" if sure else "not_sure")


def _worth(estimate: Estimate) -> tuple[int, int]:
    net = estimate.net
    assert net is not None
    return net, -ROUTES.index(estimate.route)


def _legal(estimates: Sequence[Estimate]) -> set[str]:
    return {one.route for one in estimates if one.legal}


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a person decided instead, and why."""

    route: str
    reason: str
    actor: str


def may_rule(route: str, estimates: Sequence[Estimate] | Mapping[str, Refusal | None]) -> Refusal | None:
    """Return why a person may not choose ``route``; None: he may. The inspector's word he may overrule, no other."""
    if isinstance(estimates, Mapping):
        refusal = estimates.get(route, "not_sellable")
    else:
        refusal = next((one.refusal for one in estimates if one.route == route), "not_sellable")
    return None if refusal == "inspector" else refusal


def ruled(condition: Condition, route: str) -> Condition:
    """Return the condition as it is judged after a person chose ``route``: the policy gate still has the last word."""
    return replace(condition, route=route)
