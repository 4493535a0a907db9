"""Orders and their lives: what was bought, and which state and status an order showed when."""

import bisect
import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from include.sandbox import assortment
from include.sandbox.catalogue import Merchant, Product
from include.sandbox.moments import DAY, HOUR, clear_of_ticks, later, stream, within_hours
from include.sandbox.span import Span

CANCELLED_BEFORE_HAND_OVER = 0.05
ENTRY_WITHOUT_OFFER = 0.05
OWN_DELIVERY = 0.05
EARLY_REASONS = ("BUYER_CANCELLATION_HIMSELF", "BUYER_CANCELLATION_BY_MERCHANT", "MERCHANT_OUT_OF_STOCK",
                 "BUYER_NOT_REACHABLE")  # fmt: skip
SIGNALS = frozenset(
    {"CANCELLING", "CANCELLED", "KASPI_DELIVERY_RETURN_REQUESTED", "RETURN_ACCEPTED_BY_MERCHANT", "RETURNED"}
)
ALWAYS_SIGNALS = SIGNALS - {"CANCELLED", "CANCELLING"}


@dataclass(frozen=True)
class Step:
    """From ``at`` on the order lies in this folder and shows this status; ``shown`` is the folder's name on it."""

    at: dt.datetime
    state: str
    status: str
    reason: str | None = None
    shown: str = ""


@dataclass(frozen=True)
class Line:
    """One order line. ``names_offer`` False: the API leaves the offer out, only the product tells the SKU."""

    sku: str
    name: str
    category: str
    category_code: str
    master_code: str
    quantity: int
    price: int
    weight: int
    names_offer: bool = True


@dataclass(frozen=True)
class Buyer:
    """Who bought, and where it goes."""

    first_name: str
    last_name: str
    phone: str
    city: str
    street: str
    house: str


@dataclass
class Order:
    """An order with its whole life, future included; ask it as of a moment."""

    code: str
    merchant_id: str
    created_at: dt.datetime
    lines: tuple[Line, ...]
    buyer: Buyer
    delivery_mode: str
    payment_mode: str
    courier: str
    waybill: str
    kaspi_delivery: bool
    delivery_cost: int
    steps: list[Step] = field(default_factory=list)
    handed_over_at: dt.datetime | None = None
    from_base: bool = True
    """False: a returned piece was sold, the merchant's base goods were not touched."""

    @property
    def pieces(self) -> int:
        """How many pieces were bought in all lines."""
        return sum(line.quantity for line in self.lines)

    @property
    def certain(self) -> bool:
        """One line of one piece: a return of the order is a return of that piece."""
        return len(self.lines) == 1 and self.lines[0].quantity == 1

    def step_at(self, now: dt.datetime) -> Step:
        """Return the step in force at ``now``; the order must exist by then."""
        place = bisect.bisect_right(self.steps, now, key=lambda step: step.at)
        return self.steps[max(place - 1, 0)]

    def handed_over_by(self, now: dt.datetime) -> bool:
        """Tell whether Kaspi's courier had it by ``now``."""
        return self.handed_over_at is not None and self.handed_over_at <= now

    def signals_by(self, now: dt.datetime) -> bool:
        """Tell whether the status says by ``now`` that something comes back."""
        if self.created_at > now:
            return False
        status = self.step_at(now).status
        return status in ALWAYS_SIGNALS or (status in SIGNALS and self.handed_over_by(now))

    def cancelled_before_hand_over(self) -> dt.datetime | None:
        """Return when it was cancelled on our side of the courier, or None."""
        last = self.steps[-1]
        return last.at if last.status == "CANCELLED" and self.handed_over_at is None else None

    def completed_at(self) -> dt.datetime | None:
        """Return when it was first completed, or None."""
        return next((step.at for step in self.steps if step.status == "COMPLETED"), None)


class CodeBook:
    """Gives order numbers that rise with time and never repeat."""

    def __init__(self, begin: dt.datetime) -> None:
        self._begin = begin
        self._taken: set[int] = set()

    def next(self, created_at: dt.datetime) -> str:
        """Return a free number for an order of that moment."""
        number = 700_000_000 + int((created_at - self._begin).total_seconds() // 60) * 40
        while number in self._taken:
            number += 1
        self._taken.add(number)
        return str(number)


def line_of(product: Product, quantity: int, *, names_offer: bool = True) -> Line:
    """Return an order line of the product's main offer."""
    return Line(
        sku=product.sku, name=product.name, category=product.category, category_code=product.category_code,
        master_code=product.master_code, quantity=quantity, price=product.price, weight=product.weight,
        names_offer=names_offer,
    )  # fmt: skip


def draw_buyer(rng: random.Random) -> Buyer:
    """Draw somebody who buys."""
    return Buyer(
        first_name=rng.choice(assortment.FIRST_NAMES),
        last_name=rng.choice(assortment.LAST_NAMES),
        phone=f"77{rng.choice(('01', '05', '07', '47', '71', '75', '77'))}{rng.randrange(10**7):07d}",
        city=rng.choices(list(assortment.CITIES), assortment.CITY_WEIGHTS)[0],
        street=rng.choice(assortment.STREETS),
        house=str(rng.randrange(1, 180)),
    )


def _delivery_mode(rng: random.Random, local: bool) -> str:
    if local:
        return rng.choices(("DELIVERY_LOCAL", "DELIVERY_PICKUP"), (6, 4))[0]
    return rng.choices(("DELIVERY_REGIONAL_PICKUP", "DELIVERY_REGIONAL_TODOOR", "DELIVERY_POSTOMAT"), (6, 3, 1))[0]


def new_order(
    rng: random.Random, codes: CodeBook, merchant: Merchant, created_at: dt.datetime, lines: tuple[Line, ...]
) -> Order:
    """Return an order just placed and approved; its further life is not written yet."""
    buyer = draw_buyer(rng)
    local = buyer.city == merchant.shop.city
    own = rng.random() < OWN_DELIVERY
    return Order(
        code=codes.next(created_at),
        merchant_id=merchant.merchant_id,
        created_at=created_at,
        lines=lines,
        buyer=buyer,
        delivery_mode=_delivery_mode(rng, local) if not own else "DELIVERY_PICKUP",
        payment_mode=rng.choice(("PAY_WITH_CREDIT", "PREPAID")),
        courier=rng.choice(assortment.COURIERS),
        waybill=str(101_000_000 + rng.randrange(80_000_000)),
        kaspi_delivery=not own,
        delivery_cost=rng.choice((695, 895, 1_095, 1_495)) if local else rng.choice((1_295, 1_695, 2_095, 2_495)),
        steps=[Step(created_at, "NEW", "APPROVED_BY_BANK")],
    )


def accepted_state(order: Order) -> str:
    """Return the folder an accepted order lies in."""
    return "KASPI_DELIVERY" if order.kaspi_delivery else "PICKUP"


def live(rng: random.Random, order: Order, merchant: Merchant) -> None:
    """Write an order's ordinary life: accepted, handed over, completed; or cancelled before hand-over."""
    accepted = later(rng, order.created_at, 0.2, 4)
    order.steps.append(Step(accepted, accepted_state(order), "ACCEPTED_BY_MERCHANT"))
    if rng.random() < CANCELLED_BEFORE_HAND_OVER:
        cancelled = clear_of_ticks(later(rng, accepted, 0.3, 5))
        order.steps.append(Step(max(cancelled, accepted), "ARCHIVE", "CANCELLED", rng.choice(EARLY_REASONS)))
        return
    handed = within_hours(later(rng, accepted, 2, 24), 9, 19)
    local = order.buyer.city == merchant.shop.city
    completed = within_hours(later(rng, handed, *((6, 60) if local else (30, 120))), 9, 21)
    if order.kaspi_delivery:
        order.handed_over_at = handed
    order.steps.append(Step(completed, "ARCHIVE", "COMPLETED"))


def _quantity(rng: random.Random, single: bool) -> int:
    return 1 if single else rng.choices((1, 2, 3), (6, 3, 1))[0]


def _draw_lines(rng: random.Random, on_shelf: list[Product]) -> tuple[Line, ...]:
    """Draw one to three lines; seven orders of ten are one piece of one thing."""
    single = rng.random() < 0.7
    count = 1 if single else rng.choices((1, 2, 3), (5, 4, 2))[0]
    weights = [product.popularity for product in on_shelf]
    chosen: dict[str, Product] = {}
    while len(chosen) < count:
        product = rng.choices(on_shelf, weights)[0]
        chosen[product.sku] = product
    return tuple(
        line_of(product, _quantity(rng, single), names_offer=rng.random() >= ENTRY_WITHOUT_OFFER)
        for product in chosen.values()
    )


def _on_shelf(merchant: Merchant, span: Span, day: dt.datetime) -> list[Product]:
    """Return what a buyer could order from base goods on that day."""
    gone = day + DAY > span.dry_from
    return [p for p in merchant.products.values() if not ((p.dry or p.switched_off) and gone)]


def _moments(rng: random.Random, span: Span, day: dt.datetime) -> Iterator[dt.datetime]:
    for _ in range(rng.randrange(4, 9)):
        moment = day + rng.uniform(7, 23.9) * HOUR
        moment = moment.replace(microsecond=0)
        yield clear_of_ticks(moment) if moment >= span.start_of_life else moment


def generate(seed: int, span: Span, merchants: dict[str, Merchant], codes: CodeBook) -> list[Order]:
    """Write every order that does not depend on our price list, in the order of their creation."""
    orders: list[Order] = []
    for merchant in merchants.values():
        rng = stream(seed, "orders", merchant.merchant_id)
        day = span.begin
        while day < span.end:
            on_shelf = _on_shelf(merchant, span, day)
            for moment in sorted(_moments(rng, span, day)):
                order = new_order(rng, codes, merchant, moment, _draw_lines(rng, on_shelf))
                live(rng, order, merchant)
                if moment < span.end:
                    orders.append(order)
            day += DAY
    orders.sort(key=lambda order: (order.created_at, order.code))
    return orders
