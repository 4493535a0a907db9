"""The script of the world: everything that happens whatever price list we publish."""

import datetime as dt
from dataclasses import dataclass, field

from include.sandbox.applications import Application, file_applications, second_pieces
from include.sandbox.catalogue import Merchant, build_merchants
from include.sandbox.orders import CodeBook, Order, generate
from include.sandbox.previous_system import PreviousSystem
from include.sandbox.returns import Returns
from include.sandbox.span import DEFAULT_DATE, DEFAULT_SEED, Span
from include.sandbox.stock import BaseStock
from include.sandbox.units import Unit
from include.sandbox.warehouse import SOURCES, Warehouse
from include.sandbox.wms_events import Event, number


@dataclass
class World:
    """A finished script. Orders and units carry their future; ask them as of a moment."""

    seed: int
    span: Span
    reading: str
    merchants: dict[str, Merchant]
    orders: list[Order]
    units: list[Unit]
    events: list[Event]
    stock: BaseStock
    codes: CodeBook
    applications: list[Application]
    _offers: dict[tuple[str, str], list[Unit]] = field(default_factory=dict, repr=False)

    def free_units(self, merchant_id: str, offer_sku: str, now: dt.datetime) -> list[Unit]:
        """Return the units of a Kaspi offer that passed QC and no order asks for, oldest QC first."""
        found = [
            unit
            for unit in self._by_offer().get((merchant_id, offer_sku), [])
            if unit.qc_at is not None and unit.qc_at <= now and (unit.sale is None or unit.sale.created_at > now)
        ]
        return sorted(found, key=lambda unit: (unit.qc_at, unit.label))

    def _by_offer(self) -> dict[tuple[str, str], list[Unit]]:
        if not self._offers:
            for unit in self.units:
                if unit.channel in ("main", "resale") and unit.offer_sku:
                    self._offers.setdefault((unit.merchant_id, unit.offer_sku), []).append(unit)
        return self._offers


def write_world(seed: int = DEFAULT_SEED, day: dt.date = DEFAULT_DATE, reading: str = "both") -> World:
    """Write the whole script from the seed and the date on which the lived hours end (08:05 in Almaty).

    ``reading`` says what KASPI_DELIVERY_RETURN_REQUESTED stands for in this world: ``undelivered``,
    ``after_sale`` or ``both``. Raises ValueError for any other.
    """
    span = Span.until(day)
    merchants = build_merchants(seed)
    codes = CodeBook(span.begin)
    orders = generate(seed, span, merchants, codes)
    units = Returns(seed, span, merchants, reading).draw(orders, codes)
    seconds = second_pieces(seed, units)
    applications = file_applications(seed, [*units, *seconds])
    warehouse = Warehouse(seed, span, merchants)
    warehouse.work_off(units)
    previous = PreviousSystem(seed, span, merchants, codes)
    previous.run(units, orders)
    events = warehouse.events + previous.events
    number(events, tuple(SOURCES.values()))
    # a warehouse, labels and numbers of their own: nothing else in the world moves because of them
    annex = Warehouse(seed, span, merchants, "second pieces")
    annex.work_off_second_pieces(seconds)
    number(annex.events, tuple(SOURCES.values()), "p")
    return World(
        seed=seed, span=span, reading=reading, merchants=merchants, orders=orders, units=units + seconds,
        events=events + annex.events, stock=BaseStock(seed, span, merchants, orders), codes=codes,
        applications=applications,
    )  # fmt: skip
