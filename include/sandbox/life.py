"""The sandbox itself: the script, a clock that moves only when told, and what our price lists bring about."""

import datetime as dt
import heapq
import itertools
import random
import threading
from collections.abc import Callable
from pathlib import Path

from include.sandbox.buyer import AWAKE, BUYS_A_PIECE, CANCELS, PULL_MINUTE, Pull, Puller, Sale, View
from include.sandbox.drop import DropFolder, boundaries
from include.sandbox.moments import ALMATY, DAY, HOUR, later, stream, within_hours
from include.sandbox.observed import Observed
from include.sandbox.orders import Order, Step, line_of, new_order
from include.sandbox.previous_system import resale_line
from include.sandbox.price_list import Offer, base_offers, previous_listing
from include.sandbox.shop_writes import CANCELLED, Written, apply, judge
from include.sandbox.units import Unit
from include.sandbox.warehouse import MINUTE, SOURCES, pick
from include.sandbox.wms_events import Event, Outbox
from include.sandbox.world import World

COUNTED_DAYS = 7


class ClockMovesForward(ValueError):
    """Somebody asked for a moment that has already passed."""


class Life:
    """One run of a world: a pure function of its script, the moments asked for and the lists pulled."""

    def __init__(self, world: World, state_dir: Path, puller: Puller, start: dt.datetime | None = None) -> None:
        self.world = world
        self.feeds: dict[str, str] = {}
        self.pulls: list[Pull] = []
        self.sales: list[Sale] = []
        self.orders: dict[str, Order] = {order.code: order for order in world.orders}
        self.orders_placed = 0
        self.now = world.span.begin
        self.views: dict[str, View] = {}
        self.observed = Observed()
        self.outboxes = {source: Outbox(source, world.seed) for source in SOURCES.values()}
        self.puller = puller
        self._advancing = threading.Lock()
        self._agenda: list[tuple[dt.datetime, int, int, Callable[[dt.datetime], None]]] = []
        self._turn = itertools.count()
        self._drop = DropFolder(state_dir / "drop" / "w2", self.outboxes["w2"])
        self._event_numbers = itertools.count(1)
        self._write_agenda()
        self.advance(start or world.span.start_of_life)

    # --- the clock

    def advance(self, to: dt.datetime) -> tuple[int, int]:
        """Move the clock to ``to`` and let everything due happen in order; return (pulls, orders placed).

        Asking for the present moment is a no-op; for an earlier one raises ClockMovesForward.
        """
        with self._advancing:
            if to < self.now:
                raise ClockMovesForward(f"the clock stands at {self.now.isoformat()} and does not go back to {to}")
            pulls, placed = len(self.pulls), self.orders_placed
            while self._agenda and self._agenda[0][0] <= to:
                at, _, _, action = heapq.heappop(self._agenda)
                self._pass(at)
                action(at)
            self._pass(to)
            return len(self.pulls) - pulls, self.orders_placed - placed

    def _pass(self, at: dt.datetime) -> None:
        self.now = at.astimezone(ALMATY)
        for outbox in self.outboxes.values():
            outbox.pass_to(at)

    def _at(self, at: dt.datetime, action: Callable[[dt.datetime], None], rank: int = 1) -> None:
        heapq.heappush(self._agenda, (at, rank, next(self._turn), action))

    def _write_agenda(self) -> None:
        """Enter all that the script already knows."""
        span = self.world.span
        for event in self.world.events:
            self.outboxes[event.source].put(event)
        for boundary in boundaries(span):
            self._at(boundary, self._drop.write, rank=3)
        self._at(span.start_of_life, lambda _: self._open_views(), rank=0)
        for order in self.world.orders:
            if order.created_at >= span.start_of_life:
                self._at(order.created_at, lambda _, order=order: self._show_order(order))  # type: ignore[misc]
            freed = order.cancelled_before_hand_over()
            if freed and freed >= span.start_of_life:
                self._at(freed, lambda at, order=order: self._show_freed(order, at))  # type: ignore[misc]
        first = (span.start_of_life - COUNTED_DAYS * DAY).replace(hour=6, minute=0)
        self._at(first, self._count_shelves)
        self._at(span.start_of_life.replace(minute=PULL_MINUTE), self._hour)

    # --- what buyers see

    def _open_views(self) -> None:
        """Before our first list buyers see the base list and what the previous system listed on top of it."""
        now = self.world.span.start_of_life
        for merchant in self.world.merchants.values():
            offers = {o.sku: o for o in base_offers(self.world, self.world.stock, merchant, now)}
            listed = previous_listing(self.world, merchant, now)
            if not merchant.shop.base_includes_returns:
                self._add_listed(offers, listed)
            self.views[merchant.merchant_id] = View(offers)
            self.observed.open(merchant, listed)

    def _add_listed(self, offers: dict[str, Offer], listed: dict[str, int]) -> None:
        for merchant in self.world.merchants.values():
            for sku, product in merchant.products.items():
                line = resale_line(merchant, sku)
                if line.sku in listed:
                    offers[line.sku] = Offer(
                        line.sku,
                        merchant.shop.store_id,
                        line.price,
                        listed[line.sku],
                        True,
                        product.name,
                        product.brand,
                    )
                main = offers.get(sku)
                if sku in listed and main is not None and main.quantity is not None:
                    main.quantity += listed[sku]

    def _show_order(self, order: Order) -> None:
        for line in order.lines:
            self.views[order.merchant_id].take(line.sku, line.quantity)

    def _show_freed(self, order: Order, at: dt.datetime) -> None:
        if order.cancelled_before_hand_over() == at:  # else it was cancelled before that already
            self._show_order_freed(order)

    def _show_order_freed(self, order: Order) -> None:
        for line in order.lines:
            self.views[order.merchant_id].give_back(line.sku, line.quantity)

    # --- the hour: pull, then buy

    def _hour(self, at: dt.datetime) -> None:
        for merchant_id in self.world.merchants:
            url = self.feeds.get(merchant_id)
            if url:
                self._pull(merchant_id, url, at)
            if at.hour in AWAKE:
                self._shop_around(merchant_id, at)
        self._at(at + HOUR, self._hour)

    def _pull(self, merchant_id: str, url: str, at: dt.datetime) -> None:
        view = self.views[merchant_id]
        pull = self.puller(merchant_id, url, view.etag, at)
        view.replace(pull)
        self.observed.pulled(self.world, self.world.merchants[merchant_id], view, pull)
        self.pulls.append(pull)

    def _shop_around(self, merchant_id: str, at: dt.datetime) -> None:
        """Let buyers look at the returned goods on sale; each visible piece may find one."""
        rng = stream(self.world.seed, "buyer", merchant_id, at.isoformat())
        view = self.views[merchant_id]
        for sku in sorted(view.offers):
            for _ in range(self._returned_visible(merchant_id, sku, at)):
                if rng.random() < BUYS_A_PIECE:
                    moment = at + rng.randrange(5, 40) * MINUTE
                    key = rng.random()
                    self._at(moment, lambda t, sku=sku, key=key: self._buy(merchant_id, sku, t, key))  # type: ignore[misc]

    def _returned_visible(self, merchant_id: str, sku: str, at: dt.datetime) -> int:
        """Return the returned pieces an offer shows: all of a resale offer, the surplus of a main one."""
        offer = self.views[merchant_id].offers[sku]
        if not offer.on_sale or offer.quantity is None:
            return 0
        products = self.world.merchants[merchant_id].products
        if sku in products:
            if self.world.merchants[merchant_id].shop.base_includes_returns:
                return 0
            return max(0, offer.quantity - self.world.stock.at(merchant_id, sku, at))
        return offer.quantity if sku[:-1] in products else 0

    def _buy(self, merchant_id: str, sku: str, at: dt.datetime, key: float) -> None:
        view = self.views[merchant_id]
        offer = view.offers.get(sku)
        if offer is None or not offer.on_sale or offer.quantity is None:
            return
        merchant = self.world.merchants[merchant_id]
        rng = stream(self.world.seed, "sale", merchant_id, sku, at.isoformat(), key)
        main = sku in merchant.products
        line = line_of(merchant.products[sku], 1) if main else resale_line(merchant, sku[:-1])
        order = new_order(rng, self.world.codes, merchant, at, (line,))
        order.kaspi_delivery = True
        order.from_base = main and self.world.stock.at(merchant_id, sku, at) > 0
        sale = self._live(rng, order, sku)
        self.orders[order.code] = order
        self.orders_placed += 1
        self.sales.append(sale)
        view.take(sku, 1)

    def _live(self, rng: random.Random, order: Order, sku: str) -> Sale:
        """Write the further life of a bought order: cancelled, or handed over with a piece from the shelf."""
        at = order.created_at
        unit = None if order.from_base else self._oldest_free(order.merchant_id, sku, at)
        order.steps.append(Step(at + HOUR, "KASPI_DELIVERY", "ACCEPTED_BY_MERCHANT"))
        sale = Sale(order.code, order.merchant_id, sku, order.from_base, at, unit.label if unit else None, None, None)
        nothing_there = unit is None and not order.from_base
        if order.from_base:
            self.world.stock.add(order.merchant_id, sku, at, -1)
        else:
            self.observed.sold(sale)
        if nothing_there or rng.random() < CANCELS:
            reason = "MERCHANT_OUT_OF_STOCK" if nothing_there else "BUYER_CANCELLATION_HIMSELF"
            sale.cancelled_at = at + 2 * HOUR
            order.steps.append(Step(sale.cancelled_at, "ARCHIVE", "CANCELLED", reason))
            self._at(sale.cancelled_at, lambda t: self._cancelled(sale, unit, t))
        else:
            sale.handed_over_at = within_hours(later(rng, at, 3, 6), 9, 19)
            order.handed_over_at = sale.handed_over_at
            delivered = within_hours(later(rng, sale.handed_over_at, 30, 110), 9, 21)
            order.steps.append(Step(delivered, "ARCHIVE", "COMPLETED"))
            self._at(sale.handed_over_at, lambda t: self._handed_over(sale, unit, order, t))
        if unit is not None:
            unit.sale = order
        return sale

    def _oldest_free(self, merchant_id: str, sku: str, at: dt.datetime) -> Unit | None:
        """Return the piece the warehouse would take next for that offer."""
        return next(iter(self.world.free_units(merchant_id, sku, at)), None)

    def _cancelled(self, sale: Sale, unit: Unit | None, at: dt.datetime) -> None:
        if sale.cancelled_at != at:
            return  # the merchant had cancelled it before
        self.views[sale.merchant_id].give_back(sale.offer_sku, 1)
        if sale.from_base:
            self.world.stock.add(sale.merchant_id, sale.offer_sku, at, 1)
        else:
            self.observed.freed(sale)
        if unit is not None:
            unit.sale = None

    def _handed_over(self, sale: Sale, unit: Unit | None, order: Order, at: dt.datetime) -> None:
        if unit is None or sale.handed_over_at != at:
            return
        unit.sold_at = at
        merchant = self.world.merchants[sale.merchant_id]
        if merchant.shop.pick_scan:
            rng = stream(self.world.seed, "pick", order.code)
            self._emit(pick(rng, merchant, unit.label, order, at, sale.offer_sku))

    # --- what a merchant writes to an order

    def write(self, order: Order, write: Written) -> None:
        """Do an accepted write. Raises WriteRefused."""
        with self._advancing:
            judge(order, write)
            was_to_be_freed = order.cancelled_before_hand_over() is not None
            apply(order, write)
            if write.status == CANCELLED:
                self._give_up(order, write.at, was_to_be_freed)

    def _give_up(self, order: Order, at: dt.datetime, was_to_be_freed: bool) -> None:
        """An order that was cancelled by the merchant gives back what it took, once."""
        sale = next((one for one in self.sales if one.order_code == order.code), None)
        if sale is not None:
            unit = next((one for one in self.world.units if one.sale is order), None)
            sale.cancelled_at, sale.handed_over_at = at, None
            self._cancelled(sale, unit, at)
            return
        self._show_order_freed(order)
        if order.from_base and not was_to_be_freed:
            for line in order.lines:
                self.world.stock.add(order.merchant_id, line.sku, at, line.quantity)

    # --- the shelf count each morning

    def _count_shelves(self, at: dt.datetime) -> None:
        """Have every warehouse report what lies on the shelf of each resale offer."""
        for merchant in self.world.merchants.values():
            shop = merchant.shop
            for sku, count in sorted(self._shelf_counts(merchant.merchant_id, at).items()):
                source = SOURCES[shop.warehouse]
                facts = {"offer_sku": sku, "quantity": count}
                actor = f"{source}-count"
                self._emit(
                    Event(
                        source,
                        "stock_counted",
                        at,
                        at + MINUTE,
                        merchant.merchant_id,
                        shop.store_id,
                        actor,
                        None,
                        facts,
                    )
                )
        self._at(at + DAY, self._count_shelves)

    def _shelf_counts(self, merchant_id: str, at: dt.datetime) -> dict[str, int]:
        """Return the pieces on the shelf by resale offer; an offer sold out this month counts 0."""
        counts: dict[str, int] = {}
        for unit in self.world.units:
            if unit.merchant_id != merchant_id or unit.channel != "resale" or not unit.qc_at or unit.qc_at > at:
                continue
            there = unit.sold_at is None or unit.sold_at > at
            if there or (unit.sold_at and at - unit.sold_at < 30 * DAY):
                sku = unit.offer_sku or ""
                counts[sku] = counts.get(sku, 0) + there
        return counts

    def _emit(self, event: Event) -> None:
        """Hand over an event the script did not hold; its number keeps clear of the script's."""
        event.event_id = f"{event.source}-d{next(self._event_numbers):05d}"
        self.outboxes[event.source].put(event)
