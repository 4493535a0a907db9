"""What followed from our price lists: which returned units buyers got to see because of them."""

from dataclasses import dataclass, field

from include.sandbox.buyer import Pull, Sale, View
from include.sandbox.catalogue import Merchant
from include.sandbox.world import World


@dataclass
class Tally:
    """One merchant's returned pieces on sale, by offer, and how many came to it in the lived hours."""

    on_sale: dict[str, int] = field(default_factory=dict)
    additions: int = 0
    seen_labels: set[str] = field(default_factory=set)


class Observed:
    """Recomputes, from the versions pulled alone, the returned units put on sale.

    Where we add returned goods to the base, an addition is a rise of the returned part of an offer's
    quantity that no cancelled sale explains. Where the merchant's base counts them itself, our list adds
    nothing; there a unit counts once when a pull made after its QC shows its offer on sale.
    """

    def __init__(self) -> None:
        self._tallies: dict[str, Tally] = {}

    def open(self, merchant: Merchant, listed: dict[str, int]) -> None:
        """Begin with what the previous system had on sale."""
        self._tallies[merchant.merchant_id] = Tally(dict(listed))

    def additions(self, merchant_id: str) -> int:
        """Return the units seen for the first time since the lived hours began."""
        tally = self._tallies.get(merchant_id)
        return tally.additions + len(tally.seen_labels) if tally else 0

    def sold(self, sale: Sale) -> None:
        """A returned piece was bought: the next list should show one less."""
        tally = self._tallies[sale.merchant_id]
        tally.on_sale[sale.offer_sku] = max(0, tally.on_sale.get(sale.offer_sku, 0) - 1)

    def freed(self, sale: Sale) -> None:
        """It was cancelled: the piece is on sale again and is no addition."""
        tally = self._tallies[sale.merchant_id]
        tally.on_sale[sale.offer_sku] = tally.on_sale.get(sale.offer_sku, 0) + 1

    def pulled(self, world: World, merchant: Merchant, view: View, pull: Pull) -> None:
        """Take a pull into account."""
        if merchant.shop.base_includes_returns:
            if pull.status in (200, 304) and pull.problem is None:
                self._see_units(world, merchant, view, pull)
        elif pull.changed:
            self._compare(world, merchant, view, pull)

    def _compare(self, world: World, merchant: Merchant, view: View, pull: Pull) -> None:
        tally = self._tallies[merchant.merchant_id]
        shown = returned_parts(world, merchant, view, pull)
        for sku, quantity in shown.items():
            tally.additions += max(0, quantity - tally.on_sale.get(sku, 0))
        tally.on_sale = shown

    def _see_units(self, world: World, merchant: Merchant, view: View, pull: Pull) -> None:
        tally = self._tallies[merchant.merchant_id]
        for unit in world.units:
            fresh = unit.merchant_id == merchant.merchant_id and unit.qc_at and world.span.listed_until < unit.qc_at
            offer = view.offers.get(unit.offer_sku or "")
            if (
                fresh
                and unit.qc_at
                and unit.qc_at <= pull.at
                and unit.channel != "off_kaspi"
                and offer
                and offer.on_sale
            ):
                tally.seen_labels.add(unit.label)


def returned_parts(world: World, merchant: Merchant, view: View, pull: Pull) -> dict[str, int]:
    """Return the returned pieces each offer shows: all of a resale offer, the surplus of a main one."""
    parts = {}
    for sku, offer in view.offers.items():
        if offer.quantity is None or not offer.available:
            continue
        if sku in merchant.products:
            base = 0 if merchant.shop.base_includes_returns else world.stock.at(merchant.merchant_id, sku, pull.at)
            surplus = 0 if merchant.shop.base_includes_returns else max(0, offer.quantity - base)
        else:
            surplus = offer.quantity if sku[:-1] in merchant.products else 0
        if surplus:
            parts[sku] = surplus
    return parts
