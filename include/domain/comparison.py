"""Which unit the other system means by a label of its own. Pure: what it read at the dock against what we received."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

FoundBy = Literal["order_and_goods", "order", "goods"]
# The surest evidence first.
EVIDENCE: tuple[FoundBy, ...] = ("order_and_goods", "order", "goods")


@dataclass(frozen=True, slots=True)
class Told:
    """A receipt that the other system tells. Empty sets: it does not say."""

    source: str
    unit_label: str
    at: dt.datetime
    orders: frozenset[str] = frozenset()
    skus: frozenset[str] = frozenset()
    names_an_order: bool = False  # though it may be one that is not here


@dataclass(frozen=True, slots=True)
class Received:
    """A unit that the believed system received."""

    unit_id: UUID
    at: dt.datetime
    order_id: str | None = None
    sku: str | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """The unit that a label of the other system means, and what tells so."""

    told: Told
    unit_id: UUID
    found_by: FoundBy


def pair(told: Iterable[Told], received: Sequence[Received], within: dt.timedelta) -> list[Pair]:
    """Return who is whose: one label one unit a source, the surest evidence first, then what is nearest in time.

    Goods alone tell only where the receipt names no order, as at the dock. What is further apart than ``within`` is
    never the same.
    """
    fitting = [
        (EVIDENCE.index(found_by), abs(one.at - unit.at), one.source, one.unit_label, str(unit.unit_id), one, unit)
        for one in told
        for unit in received
        if abs(one.at - unit.at) <= within and (found_by := _evidence(one, unit))
    ]
    fitting.sort(key=lambda row: row[:5])
    pairs: list[Pair] = []
    labels: set[tuple[str, str]] = set()
    units: set[tuple[str, UUID]] = set()
    for level, _, source, label, _, one, unit in fitting:
        if (source, label) not in labels and (source, unit.unit_id) not in units:
            labels.add((source, label))
            units.add((source, unit.unit_id))
            pairs.append(Pair(one, unit.unit_id, EVIDENCE[level]))
    return pairs


def _evidence(told: Told, unit: Received) -> FoundBy | None:
    same_order = unit.order_id is not None and unit.order_id in told.orders
    same_goods = unit.sku is not None and unit.sku in told.skus
    if same_order:
        return "order_and_goods" if same_goods else "order" if not told.skus else None
    return "goods" if same_goods and not told.names_an_order else None
