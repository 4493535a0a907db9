"""The system used before ours: what it listed and what was sold of it. All of it is past fact."""

import datetime as dt
from typing import Any

from include.sandbox.catalogue import Merchant, resale_price, resale_sku
from include.sandbox.moments import DAY, HOUR, clear_of_ticks, later, stream, within_hours
from include.sandbox.orders import CodeBook, Line, Order, Step, line_of, new_order
from include.sandbox.span import Span
from include.sandbox.units import Unit
from include.sandbox.warehouse import MINUTE, SOURCES, pick
from include.sandbox.wms_events import Event

RESALE_SOLD = 0.78
MAIN_SOLD = 0.8
OFF_KASPI_SOLD = 0.7
ACTOR = "previous-system"


def resale_line(merchant: Merchant, sku: str) -> Line:
    """Return one piece of the product's resale offer; the offer has a card of its own."""
    product = merchant.products[sku]
    main = line_of(product, 1)
    return Line(
        sku=resale_sku(sku), name=main.name, category=main.category, category_code=main.category_code,
        master_code=product.resale_master_code, quantity=1, price=resale_price(product.price),
        weight=main.weight,
    )  # fmt: skip


class PreviousSystem:
    """Lists what passed QC early enough and sells part of it, oldest first."""

    def __init__(self, seed: int, span: Span, merchants: dict[str, Merchant], codes: CodeBook) -> None:
        self.span = span
        self.merchants = merchants
        self.codes = codes
        self.rng = stream(seed, "previous-system")
        self.events: list[Event] = []

    def run(self, units: list[Unit], orders: list[Order]) -> None:
        """List and sell; new orders of resale SKUs are added to ``orders``."""
        listed = [unit for unit in units if unit.qc_at and unit.qc_at <= self.span.listed_until]
        for unit in sorted(listed, key=lambda u: (u.qc_at, u.label)):
            self._list(unit)
        self._sell_resale(listed, orders)
        self._sell_main(listed, units, orders)
        for unit in listed:
            if unit.channel == "off_kaspi" and self.rng.random() < OFF_KASPI_SOLD:
                self._sell_off_kaspi(unit)
        orders.sort(key=lambda order: (order.created_at, order.code))

    def _price(self, unit: Unit) -> int:
        price = self.merchants[unit.merchant_id].products[unit.sku].price
        return price if unit.channel == "main" else resale_price(price)

    def _write(self, unit: Unit, type_: str, at: dt.datetime, facts: dict[str, Any]) -> None:
        source = SOURCES[self.merchants[unit.merchant_id].shop.warehouse]
        self.events.append(
            Event(source, type_, at, at + MINUTE, unit.merchant_id, unit.store_id, ACTOR, unit.label, facts)
        )

    def _list(self, unit: Unit) -> None:
        assert unit.qc_at is not None
        unit.listed_at = later(self.rng, unit.qc_at, 1, 4)
        facts: dict[str, Any] = {
            "channel": unit.channel,
            "offer_sku": unit.offer_sku,
            "price": self._price(unit),
        }
        self._write(unit, "listed", unit.listed_at, facts)

    # --- sales

    def _sell_resale(self, listed: list[Unit], orders: list[Order]) -> None:
        """Sell each resale offer's units in the order they were listed, one piece an order."""
        last_sale: dict[tuple[str, str], dt.datetime] = {}
        resale = [unit for unit in listed if unit.channel == "resale"]
        for unit in sorted(resale, key=lambda u: (u.listed_at, u.label)):
            key = (unit.merchant_id, unit.sku)
            if key in last_sale and last_sale[key] >= self.span.start_of_life:
                continue
            if self.rng.random() >= RESALE_SOLD:
                last_sale[key] = self.span.start_of_life  # stays unsold, and so does what was listed after it
                continue
            assert unit.listed_at is not None
            since = max(unit.listed_at, last_sale.get(key, unit.listed_at))
            created = within_hours(since + self.rng.expovariate(1 / 9) * DAY, 8, 23).replace(microsecond=0)
            created = max(created, unit.listed_at + HOUR)
            last_sale[key] = created
            if created < self.span.start_of_life - DAY:
                orders.append(self._resale_order(unit, created))

    def _resale_order(self, unit: Unit, created: dt.datetime) -> Order:
        merchant = self.merchants[unit.merchant_id]
        order = new_order(self.rng, self.codes, merchant, created, (resale_line(merchant, unit.sku),))
        order.kaspi_delivery = True
        order.from_base = False
        self._ship(order)
        self._sold(unit, order)
        return order

    def _ship(self, order: Order) -> None:
        order.handed_over_at = within_hours(later(self.rng, order.created_at, 5, 26), 9, 19)
        accepted = order.created_at + self.rng.randrange(20, 200) * MINUTE
        order.steps.append(Step(accepted, "KASPI_DELIVERY", "ACCEPTED_BY_MERCHANT"))
        delivered = clear_of_ticks(within_hours(later(self.rng, order.handed_over_at, 20, 110), 9, 21))
        order.steps.append(Step(delivered, "ARCHIVE", "COMPLETED"))

    def _sold(self, unit: Unit, order: Order) -> None:
        unit.sale, unit.sold_at = order, order.handed_over_at
        merchant = self.merchants[unit.merchant_id]
        if merchant.shop.pick_scan and order.handed_over_at is not None:
            at = order.handed_over_at - 20 * MINUTE
            unit.sold_at = at
            self.events.append(pick(self.rng, merchant, unit.label, order, at, order.lines[0].sku))

    def _sell_main(self, listed: list[Unit], units: list[Unit], orders: list[Order]) -> None:
        """Where the picker scans labels, some ordinary orders of one piece took a returned one."""
        returning = {id(unit.order) for unit in units}
        ordinary: dict[tuple[str, str], list[Order]] = {}
        for order in orders:
            scans = self.merchants[order.merchant_id].shop.pick_scan
            if scans and order.certain and order.from_base and order.handed_over_at and id(order) not in returning:
                ordinary.setdefault((order.merchant_id, order.lines[0].sku), []).append(order)
        main = [unit for unit in listed if unit.channel == "main"]
        for unit in sorted(main, key=lambda u: (u.listed_at, u.label)):
            if self.rng.random() < MAIN_SOLD:
                self._take_ordinary(unit, ordinary.get((unit.merchant_id, unit.sku), []))

    def _take_ordinary(self, unit: Unit, candidates: list[Order]) -> None:
        assert unit.listed_at is not None
        for order in candidates:
            if unit.listed_at + HOUR < order.created_at < self.span.start_of_life - DAY:
                candidates.remove(order)
                order.from_base = False
                self._sold(unit, order)
                return

    def _sell_off_kaspi(self, unit: Unit) -> None:
        assert unit.listed_at is not None
        at = within_hours(unit.listed_at + (0.2 + self.rng.expovariate(1 / 8)) * DAY).replace(microsecond=0)
        if at < self.span.end:
            unit.sold_at = at
            self._write(unit, "sold_off_kaspi", at, {"price": self._price(unit)})
