"""Which pieces come back, why, how the order's status tells of it, and when the parcel arrives."""

import datetime as dt
from dataclasses import dataclass

from include.sandbox import assortment
from include.sandbox.catalogue import Merchant, Product
from include.sandbox.moments import DAY, HOUR, clear_of_ticks, later, stream, within_hours
from include.sandbox.orders import CodeBook, Line, Order, Step, line_of, new_order
from include.sandbox.span import Span
from include.sandbox.units import Unit

READINGS = ("undelivered", "after_sale", "both")
RETURN_REQUESTED = "KASPI_DELIVERY_RETURN_REQUESTED"

CUSTOMER_RETURN = 0.075
UNDELIVERED = {"refusal": 0.017, "cancel_in_transit": 0.008, "carrier_return": 0.006}
UNDELIVERED_REASONS = {
    "refusal": ("TIMEOUT_BUYER_PICKUP", "BUYER_CANCELLATION_BY_COURIER"),
    "cancel_in_transit": ("BUYER_CANCELLATION_HIMSELF", "BUYER_CANCELLATION_BY_CSC"),
    "carrier_return": ("TIMEOUT_KASPI_DELIVERY", "TECHNICAL_PROBLEM_CANCELLATION"),
}
PLANTED_RATE = 0.35
LOST = 0.025
SILENT_PARTIAL = 0.12
LATE = 0.04
DISPUTED = 0.012
UNSAID = 0.02
MISREPORTED = 0.1
CAUSES = {"changed_mind": 0.38, "does_not_fit": 0.06, "not_as_described": 0.14, "defective": 0.12,
          "damaged_in_transit": 0.12, "incomplete": 0.07, "late_or_undelivered": 0.03}  # fmt: skip
DOES_NOT_FIT = {"sary_kids": 0.3}
STATED = {
    "changed_mind": ("UNSUITABLE", "Не понравился"),
    "does_not_fit": ("SIZE_MISMATCH", "Не подошел размер"),
    "not_as_described": ("WRONG", "Не как на фото или в описании"),
    "defective": ("Не работает или работает плохо",),
    "damaged_in_transit": ("Товар повреждён",),
    "incomplete": ("Неполная комплектация",),
    "wrong_item": ("Привезли не тот товар",),
    "late_or_undelivered": ("SHORT_DELIVERY", "Не получил товар"),
}
UNKNOWN_CODE = "OTHER_17"
HELD_BACK = 17 * DAY
HELD_BACK_SHARE = 0.9
WRONG_ITEMS = 6
UNEXPECTED_PER_MERCHANT = 2
MISSING_FROM_PARCEL = 3
YOUNG_LOSSES = 3
FRESH_RETURNS = 2


@dataclass(frozen=True)
class Journey:
    """What decides about a return before the goods are looked at."""

    kind: str
    cause: str
    signalled_at: dt.datetime
    arrives_at: dt.datetime | None
    hurried: bool


def causes_at(merchant_id: str) -> dict[str, float]:
    """Return how often each cause is behind a customer's return of a merchant, relative to the others."""
    return {**CAUSES, "does_not_fit": DOES_NOT_FIT.get(merchant_id, CAUSES["does_not_fit"])}


class Returns:
    """Draws the returns of one world. ``reading``: what KASPI_DELIVERY_RETURN_REQUESTED stands for in it."""

    def __init__(self, seed: int, span: Span, merchants: dict[str, Merchant], reading: str = "both") -> None:
        if reading not in READINGS:
            raise ValueError(f"reading {reading!r} is not one of {', '.join(READINGS)}")
        self.span = span
        self.merchants = merchants
        self.reading = reading
        self.rng = stream(seed, "returns")

    def draw(self, orders: list[Order], codes: CodeBook) -> list[Unit]:
        """Return all units that come back, or should have; write the orders' statuses, plant what is due."""
        units = [unit for order in list(orders) for unit in self._returns_of(order)]
        units += self._plant_fresh_signals(orders, {id(unit.order) for unit in units})
        units += self._plant_dry_returns(orders, codes)
        self._plant_wrong_items(units)
        self._plant_missing(units)
        self._plant_young_losses(units)
        units += self._plant_unexpected(units)
        self._plant_disputes(orders, {id(unit.order) for unit in units})
        return units

    # --- what comes back of an order

    def _returns_of(self, order: Order) -> list[Unit]:
        if order.handed_over_at is None or any(self._product(order, line).dry for line in order.lines):
            return []
        rng = self.rng
        draw = rng.random()
        for kind, share in UNDELIVERED.items():
            if draw < share:
                return self._undelivered(order, kind)
            draw -= share
        lines = [line for line in order.lines if rng.random() < self._customer_rate(order, line)]
        return self._customer_return(order, lines) if lines else []

    def _product(self, order: Order, line: Line) -> Product:
        return self.merchants[order.merchant_id].products[line.sku]

    def _planted(self, order: Order, line: Line) -> str | None:
        """Name the planted fact the line falls under, if any."""
        if order.created_at < self.span.signals_from:
            return None
        product = self._product(order, line)
        if product.batch == assortment.DEFECTIVE_BATCH:
            return "defective"
        return "misleading" if product.category == assortment.MISLEADING_SHELF else None

    def _customer_rate(self, order: Order, line: Line) -> float:
        return PLANTED_RATE if self._planted(order, line) else CUSTOMER_RETURN

    def _cause(self, order: Order, line: Line) -> str:
        planted = self._planted(order, line)
        if planted and self.rng.random() < 0.85:
            return "defective" if planted == "defective" else self.rng.choice(("does_not_fit", "not_as_described"))
        causes = causes_at(order.merchant_id)
        return self.rng.choices(list(causes), list(causes.values()))[0]

    def _stated(self, cause: str) -> str:
        rng = self.rng
        if rng.random() < UNSAID:
            return UNKNOWN_CODE
        if rng.random() < MISREPORTED:
            cause = rng.choice([other for other in STATED if other != cause])
        return rng.choice(STATED[cause])

    # --- the two ways home

    def _undelivered(self, order: Order, kind: str) -> list[Unit]:
        """The whole parcel comes back before anyone had it."""
        assert order.handed_over_at is not None
        signalled = clear_of_ticks(within_hours(later(self.rng, order.handed_over_at, 20, 96), 9, 20))
        return self._turned_back(order, self._travel(kind, self._undelivered_cause(kind), signalled))

    def _turned_back(self, order: Order, journey: Journey) -> list[Unit]:
        rng, kind = self.rng, journey.kind
        order.steps = [step for step in order.steps if step.status != "COMPLETED"]
        ambiguous = kind == "refusal" and self.reading != "after_sale" and rng.random() < 0.5
        reason = rng.choice(UNDELIVERED_REASONS[kind])
        if ambiguous:
            order.steps.append(Step(journey.signalled_at, "KASPI_DELIVERY", RETURN_REQUESTED))
        else:
            order.steps.append(Step(journey.signalled_at, "KASPI_DELIVERY", "CANCELLING", reason))
        order.steps.append(Step(self._decided(journey, 10 * DAY), "ARCHIVE", "CANCELLED", reason))
        pieces = [line for line in order.lines for _ in range(line.quantity)]
        stated = "SHORT_DELIVERY" if kind == "carrier_return" else None
        return [self._unit(order, line, journey, stated) for line in pieces]

    def _undelivered_cause(self, kind: str) -> str:
        if kind == "carrier_return":
            return self.rng.choice(("late_or_undelivered", "damaged_in_transit"))
        return self.rng.choices(("changed_mind", "late_or_undelivered"), (8, 2))[0]

    def _customer_return(self, order: Order, lines: list[Line]) -> list[Unit]:
        """One piece of each line comes back after delivery; sometimes without any change of status."""
        completed = order.completed_at()
        assert completed is not None
        cause = self._cause(order, lines[0])
        late = self.rng.random() < LATE
        signalled = later(self.rng, completed, *((58 * 24, 75 * 24) if late else (2 * 24, 12 * 24)))
        if late and signalled > self.span.start_of_life - DAY:
            signalled = later(self.rng, completed, 2 * 24, 12 * 24)
        journey = self._travel("customer_return", cause, clear_of_ticks(within_hours(signalled, 9, 20)))
        silent = order.pieces > 1 and journey.arrives_at is not None and self.rng.random() < SILENT_PARTIAL
        if not silent:
            self._write_customer_steps(order, journey)
        units = [self._unit(order, line, journey, self._stated(cause)) for line in lines]
        for unit in units:
            unit.requested = not silent
        return units

    def _write_customer_steps(self, order: Order, journey: Journey) -> None:
        rng = self.rng
        first = "RETURN_ACCEPTED_BY_MERCHANT" if self.reading == "undelivered" else RETURN_REQUESTED
        order.steps.append(Step(journey.signalled_at, "KASPI_DELIVERY", first))
        if journey.arrives_at is None:
            if rng.random() < 0.5:
                order.steps.append(Step(journey.signalled_at + 30 * DAY, "ARCHIVE", "RETURNED"))
            return
        if first == RETURN_REQUESTED and rng.random() < 0.5:
            taken = clear_of_ticks(within_hours(later(rng, journey.arrives_at, 1, 10), 9, 20))
            order.steps.append(Step(taken, "KASPI_DELIVERY", "RETURN_ACCEPTED_BY_MERCHANT"))
        order.steps.append(Step(self._decided(journey, 30 * DAY), "ARCHIVE", "RETURNED"))

    def _decided(self, journey: Journey, patience: dt.timedelta) -> dt.datetime:
        if journey.arrives_at is None:
            return journey.signalled_at + patience
        return clear_of_ticks(within_hours(later(self.rng, journey.arrives_at, 36, 96), 9, 20))

    def _travel(self, kind: str, cause: str, signalled: dt.datetime) -> Journey:
        """Send the parcel home. Late in history the carrier holds parcels back for one wave."""
        rng = self.rng
        if rng.random() < LOST:
            return Journey(kind, cause, signalled, None, hurried=False)
        arrives = within_hours(later(rng, signalled, 2 * 24, 8 * 24))
        wave = self.span.end - 3 * DAY
        if wave - HELD_BACK < arrives and signalled < wave - DAY and rng.random() < HELD_BACK_SHARE:
            return Journey(kind, cause, signalled, self._wave_moment(), hurried=True)
        return Journey(kind, cause, signalled, arrives, hurried=False)

    def _wave_moment(self) -> dt.datetime:
        days_before_end, opens, hours = self.rng.choices(((3, 9, 6), (2, 9, 7), (1, 9, 4)), (4, 4, 2))[0]
        day = (self.span.end - days_before_end * DAY).replace(hour=opens, minute=0)
        return later(self.rng, day, 0.3, hours)

    def _unit(self, order: Order, line: Line, journey: Journey, stated: str | None) -> Unit:
        return Unit(
            merchant_id=order.merchant_id,
            store_id=self.merchants[order.merchant_id].shop.store_id,
            order=order,
            sku=line.sku,
            kind=journey.kind,
            cause=journey.cause,
            stated_reason=stated,
            signalled_at=journey.signalled_at,
            arrives_at=journey.arrives_at,
            hurried=journey.hurried,
        )

    # --- what is planted on purpose

    def _plant_dry_returns(self, orders: list[Order], codes: CodeBook) -> list[Unit]:
        """A whole piece of each sold-out SKU comes back: the only stock its main offer will have."""
        units = []
        for merchant in self.merchants.values():
            for place, product in enumerate(p for p in merchant.products.values() if p.dry):
                created = (self.span.end - (24 + place) * DAY).replace(hour=12, minute=30 + place)
                order = new_order(self.rng, codes, merchant, created, (line_of(product, 1),))
                order.kaspi_delivery = True
                order.handed_over_at = created + 4 * HOUR
                order.steps.append(Step(created + HOUR, "KASPI_DELIVERY", "ACCEPTED_BY_MERCHANT"))
                order.steps.append(Step(created + 2 * DAY, "ARCHIVE", "COMPLETED"))
                arrives = (self.span.end - 2 * DAY).replace(hour=9, minute=20 + 10 * place)
                journey = Journey("customer_return", "changed_mind", created + 9 * DAY, arrives, hurried=True)
                self._write_customer_steps(order, journey)
                unit = self._unit(order, order.lines[0], journey, "UNSUITABLE")
                unit.pristine = True
                orders.append(order)
                units.append(unit)
        orders.sort(key=lambda order: (order.created_at, order.code))
        return units

    def _plant_fresh_signals(self, orders: list[Order], returning: set[int]) -> list[Unit]:
        """In the lived hours each merchant hears of new returns: of delivered orders and of one under way."""
        units = []
        start = self.span.start_of_life
        for merchant_id in self.merchants:
            mine = [
                o for o in orders
                if o.merchant_id == merchant_id and id(o) not in returning and o.handed_over_at
                and o.created_at < start and not any(self._product(o, line).dry for line in o.lines)
            ]  # fmt: skip
            under_way = [o for o in mine if o.handed_over_at and o.handed_over_at < start < o.steps[-1].at - DAY]
            delivered = [o for o in mine if 2 * DAY < start - o.steps[-1].at < 10 * DAY]
            for order in self.rng.sample(delivered, FRESH_RETURNS):
                journey = self._fresh_journey("customer_return", self._cause(order, order.lines[0]))
                self._write_customer_steps(order, journey)
                units.append(self._unit(order, order.lines[0], journey, self._stated(journey.cause)))
            for order in self.rng.sample(under_way, min(1, len(under_way))):
                units += self._turned_back(order, self._fresh_journey("refusal", "changed_mind"))
        return units

    def _fresh_journey(self, kind: str, cause: str) -> Journey:
        day = self.span.start_of_life.replace(hour=10, minute=0) + self.rng.randrange(2) * DAY
        signalled = clear_of_ticks(later(self.rng, day, 0, 9))
        return Journey(kind, cause, signalled, within_hours(signalled + self.rng.randrange(3, 9) * DAY), hurried=False)

    def _plant_wrong_items(self, units: list[Unit]) -> None:
        """Another thing lies in the parcel than the order says."""
        suited = [
            u for u in units
            if u.kind == "customer_return" and u.arrives_at and u.requested and not (u.hurried or u.pristine)
        ]  # fmt: skip
        for unit in self.rng.sample(suited, WRONG_ITEMS):
            unit.cause = "wrong_item"
            unit.stated_reason = self._stated("wrong_item")

    def _plant_missing(self, units: list[Unit]) -> None:
        """Of some undelivered parcels of several pieces one piece never comes out."""
        by_order: dict[str, list[Unit]] = {}
        for unit in units:
            if unit.order and unit.kind != "customer_return" and unit.arrives_at:
                by_order.setdefault(unit.order.code, []).append(unit)
        for parcel in [parcel for parcel in by_order.values() if len(parcel) > 1][:MISSING_FROM_PARCEL]:
            parcel[-1].missing_from_parcel = True
            parcel[-1].arrives_at = None

    def _plant_young_losses(self, units: list[Unit]) -> None:
        """Some parcels still on their way when the world ends will never arrive."""
        under_way = [u for u in units if u.arrives_at and u.arrives_at > self.span.end and u.order and u.order.certain]
        for unit in self.rng.sample(under_way, min(YOUNG_LOSSES, len(under_way))):
            unit.arrives_at = None

    def _plant_unexpected(self, units: list[Unit]) -> list[Unit]:
        """Goods nobody announced, with no reference or one that matches nothing."""
        returned = {unit.sku for unit in units}
        planted = []
        for merchant in self.merchants.values():
            quiet = [sku for sku in merchant.products if sku not in returned] or list(merchant.products)
            for _ in range(UNEXPECTED_PER_MERCHANT):
                day = self.span.begin + self.rng.randrange(30, 170) * DAY
                planted.append(
                    Unit(
                        merchant_id=merchant.merchant_id,
                        store_id=merchant.shop.store_id,
                        order=None,
                        sku=self.rng.choice(quiet),
                        kind="unknown",
                        cause="unknown",
                        stated_reason=None,
                        signalled_at=None,
                        arrives_at=later(self.rng, day, 10, 17),
                        requested=False,
                    )
                )
        return planted

    def _plant_disputes(self, orders: list[Order], returning: set[int]) -> None:
        """Some completed orders show an undocumented status for a while, two of them when history ends.

        One of these two is listed in the archive and shows a state that is none of the six.
        """
        quiet = [o for o in orders if id(o) not in returning and o.steps[-1].status == "COMPLETED"]
        settled = [o for o in quiet if o.steps[-1].at < self.span.start_of_life - 20 * DAY]
        for order in self.rng.sample(settled, max(2, int(len(settled) * DISPUTED / 3))):
            self._dispute(order, order.steps[-1].at + 3 * DAY, 4 * DAY)
        recent = [o for o in quiet if 5 * DAY < self.span.start_of_life - o.steps[-1].at < 12 * DAY]
        for order, length, shown in zip(self.rng.sample(recent, 2), (5 * DAY, 40 * DAY), ("", "DISPUTE"), strict=True):
            self._dispute(order, self.span.start_of_life - 4 * DAY, length, shown)

    def _dispute(self, order: Order, at: dt.datetime, length: dt.timedelta, shown: str = "") -> None:
        order.steps.append(Step(at, "ARCHIVE", "PARTIAL_DISPUTE", shown=shown))
        order.steps.append(Step(at + length, "ARCHIVE", "COMPLETED"))
