"""Worlds as frames: what was ordered and what came back, line by line, with the truth beside it. No clock, no files.

A frame world is drawn by the very generator of the sandbox, with nothing planted: no defective batch, no misleading
category. Goods differ from each other (each SKU has a rate of its own, known here), but nothing changes with time
until :func:`plant` makes it. Days are numbers; 0 is the Monday of the first week of history.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from include.sandbox.applications import reason, second_pieces
from include.sandbox.catalogue import Merchant, build_merchants
from include.sandbox.moments import DAY, stream
from include.sandbox.orders import CodeBook, Line, Order, generate
from include.sandbox.returns import CUSTOMER_RETURN, STATED, UNKNOWN_CODE, Returns
from include.sandbox.span import DEFAULT_DATE, WEEKS_OF_HISTORY, Span
from include.sandbox.units import Unit
from include.sandbox.warehouse import Warehouse

Days = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
NEVER = np.inf
SPREAD = 6.25  # shape of the gamma that the rates of SKUs are drawn from: they differ by 40 %
DIMENSIONS = ("merchant", "category", "supplier", "batch", "sku", "city", "carrier")
CAUSES = tuple(sorted({*STATED, "unknown"}))
FINDINGS = (*CAUSES, "no_fault", "not_inspected")
WEEKS = WEEKS_OF_HISTORY  # the last full one begins on day 7 * WEEKS


@dataclass(frozen=True)
class Frame:
    """One row an order line. Days are inf where it never happens; codes point into ``names``, CAUSES, FINDINGS.

    ``rate`` is the true chance that a delivered line comes back as a customer's return.
    """

    names: Mapping[str, tuple[str, ...]]
    codes: Mapping[str, Codes]
    pieces: Codes
    ordered: Days
    cancelled: Days
    delivered: Days
    rate: Days
    returned_pieces: Codes
    requested: Days
    received: Days
    inspected: Days
    cause: Codes
    stated: Codes
    finding: Codes

    @property
    def returned(self) -> npt.NDArray[np.bool_]:
        """Tell which lines come back as customers' returns."""
        return self.returned_pieces > 0


@dataclass(frozen=True)
class Shift:
    """From ``first_day`` on the cause comes ``factor`` times as often in the lines of ``where``.

    Over ``creeps_for`` days it grows to that; 0: at once.
    """

    where: Mapping[str, str]
    cause: str
    factor: float
    first_day: float
    creeps_for: float = 0.0


class SteadyReturns(Returns):
    """The sandbox's returns with nothing planted: the same laws all the time, a rate of its own for each SKU."""

    def __init__(self, seed: int, span: Span, merchants: dict[str, Merchant], spread: float = SPREAD) -> None:
        super().__init__(seed, span, merchants)
        dice = stream(seed, "rates")
        skus = [sku for merchant in merchants.values() for sku in sorted(merchant.products)]
        self.rates = {sku: CUSTOMER_RETURN * dice.gammavariate(spread, 1 / spread) for sku in skus}

    def returns_of(self, orders: list[Order]) -> list[Unit]:
        """Return what comes back of these orders, and nothing that is put there on purpose."""
        return [unit for order in orders for unit in self._returns_of(order)]

    def _planted(self, order: Order, line: Line) -> str | None:
        return None

    def _customer_rate(self, order: Order, line: Line) -> float:
        return self.rates[line.sku]


def frame(seed: int, catalogue: int | None = None) -> Frame:
    """Return the world of ``seed``: three shops, 26 weeks. Worlds of one ``catalogue`` sell the same goods."""
    goods = seed if catalogue is None else catalogue
    span = Span.until(DEFAULT_DATE)
    merchants = build_merchants(goods)
    returns = SteadyReturns(goods, span, merchants)
    returns.rng = stream(seed, "returns")
    orders = generate(seed, span, merchants, CodeBook(span.begin))
    units = returns.returns_of(orders)
    seconds = second_pieces(seed, units)
    Warehouse(seed, span, merchants)._take_in(units, 1)
    monday = span.begin - span.begin.weekday() * DAY
    return _rows(orders, units, seconds, merchants, returns.rates, monday)


def together(frames: list[Frame]) -> Frame:
    """Return one busier world out of several of one catalogue."""
    first = frames[0]
    if any(other.names != first.names for other in frames):
        raise ValueError("only worlds of one catalogue can be put together")
    joined = {
        name: np.concatenate([getattr(one, name) for one in frames])
        for name in ("pieces", "ordered", "cancelled", "delivered", "rate", "returned_pieces", "requested",
                     "received", "inspected", "cause", "stated", "finding")
    }  # fmt: skip
    codes = {name: np.concatenate([one.codes[name] for one in frames]) for name in DIMENSIONS}
    return Frame(first.names, codes, **joined)


def lines_of(world: Frame, where: Mapping[str, str]) -> npt.NDArray[np.bool_]:
    """Tell which lines belong to the cell: ``where`` names values of some of DIMENSIONS."""
    chosen = np.ones(len(world.pieces), dtype=bool)
    for name, value in where.items():
        chosen &= world.codes[name] == world.names[name].index(value)
    return chosen


def plant(world: Frame, shift: Shift, seed: int) -> Frame:
    """Return the same world with more returns of one cause in one cell, or fewer (a factor below 1).

    Further returns take delays, words and findings from returns of the same cause that are there.
    """
    dice = np.random.default_rng([seed, int(shift.first_day), int(shift.factor * 100)])
    cause = CAUSES.index(shift.cause)
    shop = {name: value for name, value in shift.where.items() if name == "merchant"}
    usual = float(np.mean(world.cause[world.returned & lines_of(world, shop)] == cause))
    grown = np.clip((world.ordered - shift.first_day) / shift.creeps_for, 0, 1) if shift.creeps_for else 1.0
    factor = 1 + (shift.factor - 1) * grown * (world.ordered >= shift.first_day)
    mine = lines_of(world, shift.where) & np.isfinite(world.delivered)
    if shift.factor < 1:
        gone = mine & world.returned & (world.cause == cause) & (dice.random(len(mine)) > factor)
        return replace(world, **_erased(world, gone))
    if shift.factor == 1:
        return world
    chance = world.rate * usual * (factor - 1) / (1 - world.rate)
    more = np.flatnonzero(mine & ~world.returned & (dice.random(len(mine)) < chance))
    donors = np.flatnonzero(world.returned & (world.cause == cause) & np.isfinite(world.delivered))
    return replace(world, **_added(world, more, dice.choice(donors, len(more)))) if len(donors) else world


def _added(world: Frame, more: Codes, donors: Codes) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for name in ("requested", "received", "inspected"):
        days = getattr(world, name).copy()
        days[more] = world.delivered[more] + getattr(world, name)[donors] - world.delivered[donors]
        changed[name] = days
    for name in ("cause", "stated", "finding"):
        codes = getattr(world, name).copy()
        codes[more] = getattr(world, name)[donors]
        changed[name] = codes
    pieces = world.returned_pieces.copy()
    pieces[more] = 1
    return {**changed, "returned_pieces": pieces}


def _erased(world: Frame, gone: npt.NDArray[np.bool_]) -> dict[str, Any]:
    never = {name: np.where(gone, NEVER, getattr(world, name)) for name in ("requested", "received", "inspected")}
    return {**never, "returned_pieces": np.where(gone, 0, world.returned_pieces)}


def _rows(
    orders: list[Order], units: list[Unit], seconds: list[Unit], merchants: dict[str, Merchant],
    rates: Mapping[str, float], begin: dt.datetime,
) -> Frame:  # fmt: skip
    back: dict[tuple[int, str], Unit] = {}
    undelivered: set[int] = set()
    for unit in units:
        if unit.kind == "customer_return":
            back[id(unit.order), unit.sku] = unit
        else:
            undelivered.add(id(unit.order))
    pairs = {(id(unit.order), unit.sku) for unit in seconds}
    products = {sku: product for merchant in merchants.values() for sku, product in merchant.products.items()}
    rows = [(order, line, back.get((id(order), line.sku))) for order in orders for line in order.lines]
    texts = {
        "merchant": [order.merchant_id for order, _, _ in rows],
        "category": [line.category for _, line, _ in rows],
        "supplier": [products[line.sku].supplier or "unknown" for _, line, _ in rows],
        "batch": [products[line.sku].batch or "unknown" for _, line, _ in rows],
        "sku": [line.sku for _, line, _ in rows],
        "city": [order.buyer.city for order, _, _ in rows],
        "carrier": [order.courier for order, _, _ in rows],
    }
    known = {
        "merchant": merchants,
        "category": {product.category for product in products.values()},
        "supplier": {product.supplier or "unknown" for product in products.values()},
        "batch": {product.batch or "unknown" for product in products.values()},
        "sku": products,
    }
    names = {name: tuple(sorted(known.get(name, set(values)))) for name, values in texts.items()}
    ends = [None if id(order) in undelivered else order.completed_at() for order, _, _ in rows]
    # what the merchant delivers himself, and what an order holds beside a sold-out SKU, never comes back
    final = {id(o) for o in orders if o.handed_over_at is None or any(products[line.sku].dry for line in o.lines)}
    return Frame(
        names=names,
        codes={name: _coded(values, names[name]) for name, values in texts.items()},
        pieces=np.array([line.quantity for _, line, _ in rows]),
        ordered=_days([order.created_at for order, _, _ in rows], begin),
        cancelled=_days([_gone(order) for order, _, _ in rows], begin),
        delivered=_days(ends, begin),
        rate=np.array([0 if id(order) in final else rates[line.sku] for order, line, _ in rows]),
        returned_pieces=np.array(
            [0 if unit is None else 1 + ((id(order), line.sku) in pairs) for order, line, unit in rows]
        ),
        requested=_days([unit.signalled_at if unit else None for _, _, unit in rows], begin),
        received=_days([unit.arrives_at if unit else None for _, _, unit in rows], begin),
        inspected=_days([unit.inspected_at if unit else None for _, _, unit in rows], begin),
        cause=_coded([unit.cause if unit else "unknown" for _, _, unit in rows], CAUSES),
        stated=_coded([_stated(unit) for _, _, unit in rows], CAUSES),
        finding=_coded(
            [unit.inspection.finding if unit and unit.inspection else "not_inspected" for _, _, unit in rows], FINDINGS
        ),
    )


def _gone(order: Order) -> dt.datetime | None:
    """Return when the order was cancelled, before hand-over or on its way."""
    return next((step.at for step in order.steps if step.status in ("CANCELLED", "CANCELLING")), None)


def _stated(unit: Unit | None) -> str:
    """Return the cause behind the buyer's words."""
    if unit is None or unit.stated_reason in (None, UNKNOWN_CODE):
        return "unknown"
    said = {code or text for code, text in (reason(unit.stated_reason),)}
    return next(cause for cause, words in STATED.items() if said & {*words})


def _coded(values: list[str], names: tuple[str, ...]) -> Codes:
    place = {name: number for number, name in enumerate(names)}
    return np.array([place[value] for value in values], dtype=np.int64)


def _days(moments: list[dt.datetime | None] | list[dt.datetime], begin: dt.datetime) -> Days:
    return np.array([NEVER if moment is None else (moment - begin) / DAY for moment in moments], dtype=np.float64)
