"""How many base goods a merchant has of each SKU, at any moment."""

import bisect
import datetime as dt
import heapq
from collections.abc import Iterable
from itertools import accumulate

from include.sandbox.catalogue import Merchant, Product
from include.sandbox.moments import DAY, stream
from include.sandbox.orders import Order
from include.sandbox.span import Span

REORDER_BELOW = 12


class Level:
    """A quantity that steps up and down in time. Steps may be added, in any order."""

    def __init__(self) -> None:
        self._moments: list[dt.datetime] = []
        self._steps: list[int] = []
        self._sums: list[int] = []

    def add(self, at: dt.datetime, step: int) -> None:
        """Change the quantity by ``step`` from ``at`` on."""
        place = bisect.bisect_right(self._moments, at)
        self._moments.insert(place, at)
        self._steps.insert(place, step)
        self._sums = []

    def at(self, now: dt.datetime) -> int:
        """Return the quantity in force at ``now``."""
        if not self._sums:
            self._sums = list(accumulate(self._steps))
        place = bisect.bisect_right(self._moments, now)
        return self._sums[place - 1] if place else 0


class BaseStock:
    """The base goods of every merchant: what was there, what orders took, what was bought in."""

    def __init__(self, seed: int, span: Span, merchants: dict[str, Merchant], orders: Iterable[Order]) -> None:
        self._levels: dict[tuple[str, str], Level] = {}
        taken = _movements(orders)
        for merchant in merchants.values():
            for product in merchant.products.values():
                key = (merchant.merchant_id, product.sku)
                self._levels[key] = _simulate(seed, span, product, taken.get(key, []))

    def at(self, merchant_id: str, sku: str, now: dt.datetime) -> int:
        """Return the pieces of base goods at ``now``; 0 for a SKU that is no base offer."""
        level = self._levels.get((merchant_id, sku))
        return max(0, level.at(now)) if level else 0

    def add(self, merchant_id: str, sku: str, at: dt.datetime, step: int) -> None:
        """Book a movement the script did not know of."""
        self._levels[merchant_id, sku].add(at, step)


def _movements(orders: Iterable[Order]) -> dict[tuple[str, str], list[tuple[dt.datetime, int]]]:
    """Return what base orders took and early cancellations gave back, by merchant and SKU."""
    taken: dict[tuple[str, str], list[tuple[dt.datetime, int]]] = {}
    for order in orders:
        if not order.from_base:
            continue
        freed = order.cancelled_before_hand_over()
        for line in order.lines:
            moves = taken.setdefault((order.merchant_id, line.sku), [])
            moves.append((order.created_at, -line.quantity))
            if freed:
                moves.append((freed, line.quantity))
    return taken


def _simulate(seed: int, span: Span, product: Product, moves: list[tuple[dt.datetime, int]]) -> Level:
    """Let orders take from the stock; in the morning after it ran low, goods come in."""
    rng = stream(seed, "stock", product.sku)
    level, left = Level(), rng.randrange(25, 70)
    level.add(span.begin, left)
    queue = [(at, step, "order") for at, step in moves]
    heapq.heapify(queue)
    due = False
    while queue:
        at, step, why = heapq.heappop(queue)
        if product.dry and at >= span.dry_from:
            continue
        left += step
        level.add(at, step)
        due = due and why != "refill"
        if left < REORDER_BELOW and not due:
            morning = (at + DAY).replace(hour=6, minute=30, second=0)
            heapq.heappush(queue, (morning, rng.randrange(20, 50), "refill"))
            due = True
    if product.dry:
        level.add(span.dry_from, -left)
    return level
