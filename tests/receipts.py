"""Sums of received units, counted a second time by plain Python: what sql/mart/stage_receipt_weekly.sql must say."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from include.analytics.kpis import Receipts

DAY = 86400.0


@dataclass(frozen=True, slots=True)
class ReceivedUnit:
    """A received unit. Durations are seconds from its first scan, None where it is not there; money is tenge."""

    category: str
    week_start: dt.date
    received_at: dt.datetime
    channel: str | None = None
    routed_after: float | None = None
    on_sale_after: float | None = None
    on_sale_proof: str | None = None
    resold_after: float | None = None
    closed_after: float | None = None
    original_price: int | None = None
    net_price: int | None = None  # of the order, less the channel's fee; None: not known
    net_proceeds: int | None = None  # of the next sale, less the fee
    reverse_cost: int | None = None
    net_recovery: int | None = None
    claimable: int | None = None  # None: there is no claim
    claimed: bool = False
    claim_paid: int = 0
    claim_lost: bool = False
    sku: str = "S"
    supplier: str = "N"

    @property
    def on_kaspi_after(self) -> float | None:
        """When it was on sale, or sold; the merchant's own outlet is no sale on Kaspi."""
        return self.resold_after if self.on_sale_after is None else self.on_sale_after


def receipts_of(units: Iterable[ReceivedUnit]) -> list[Receipts]:
    """Return the sums of each week, those of its categories, SKUs and suppliers with them."""
    groups: dict[tuple[Any, ...], list[ReceivedUnit]] = defaultdict(list)
    for unit in units:
        week, category = unit.week_start, unit.category
        for goods in ((None, None, None), (category, None, None), (category, unit.sku, None),
                      (category, None, unit.supplier)):  # fmt: skip
            groups[week, *goods].append(unit)
    return [_sums(goods, members) for goods, members in groups.items()]


def _sums(goods: tuple[Any, ...], units: list[ReceivedUnit]) -> Receipts:
    week, category, sku, supplier = goods
    off = [unit for unit in units if unit.channel == "off_kaspi"]
    on = [unit for unit in units if unit.channel != "off_kaspi"]
    never = [unit for unit in units if unit.on_kaspi_after is None]
    valued = [
        unit for unit in units
        if unit.net_price is not None and (unit.resold_after is None or unit.net_proceeds is not None)
    ]  # fmt: skip
    costed = [unit for unit in units if unit.reverse_cost is not None]
    both = [unit for unit in costed if unit.original_price]
    closed = [unit for unit in units if unit.closed_after is not None]
    recovered = [unit for unit in closed if unit.net_recovery is not None]
    claims = [unit for unit in units if unit.claimable is not None]
    sent, lost = [unit for unit in claims if unit.claimed], [unit for unit in claims if unit.claim_lost]
    paid = [unit for unit in claims if unit.claim_paid]
    return Receipts(
        week_start=week, category=category, sku=sku, supplier=supplier, units=len(units),
        relisted=sum(unit.on_sale_after is not None for unit in units),
        routed_after=_list(unit.routed_after for unit in units),
        unrouted_after=_list(unit.closed_after for unit in units if unit.routed_after is None),
        unrouted_since=_list(
            unit.received_at.timestamp() for unit in units if unit.routed_after is None and unit.closed_after is None
        ),
        sellable_after=_list(unit.on_kaspi_after for unit in on),
        unsellable_after=_list([unit.on_kaspi_after for unit in off] + [unit.closed_after for unit in never]),
        unsellable_since=_list(unit.received_at.timestamp() for unit in never if unit.closed_after is None),
        proved_observed=sum(unit.on_sale_proof == "observed" for unit in units),
        proved_fetched=sum(unit.on_sale_proof == "fetched" for unit in units),
        proved_published=sum(unit.on_sale_proof == "published" for unit in units),
        resold_30=len(_resold(units, 30)), resold_60=len(_resold(units, 60)),
        valued_units=len(valued), net_price=_total(valued, "net_price"),
        net_proceeds_30=_total(_resold(valued, 30), "net_proceeds"),
        net_proceeds_60=_total(_resold(valued, 60), "net_proceeds"),
        costed_units=len(costed), reverse_cost=_total(costed, "reverse_cost"),
        compared_units=len(both), compared_cost=_total(both, "reverse_cost"),
        compared_price=_total(both, "original_price"),
        closed_units=len(closed), recovered_units=len(recovered), net_recovery=_total(recovered, "net_recovery"),
        claims=len(claims), claims_amount=_total(claims, "claimable"),
        claims_sent=len(sent), claims_sent_amount=_total(sent, "claimable"),
        claims_lost=len(lost), claims_lost_amount=_total(lost, "claimable"),
        claims_paid=len(paid), claims_paid_amount=_total(paid, "claim_paid"),
    )  # fmt: skip


def _resold(units: list[ReceivedUnit], days: int) -> list[ReceivedUnit]:
    return [unit for unit in units if unit.resold_after is not None and unit.resold_after <= days * DAY]


def _total(units: list[ReceivedUnit], name: str) -> int:
    return sum(getattr(unit, name) or 0 for unit in units)


def _list(times: Iterable[float | None]) -> bytes:
    return np.array(sorted(time for time in times if time is not None), dtype=">f8").tobytes()
