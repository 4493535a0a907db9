"""How many pieces an offer may show, and which sale takes which returned unit."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

SaleState = Literal["reserved", "sold", "freed"]
SCAN_GRACE = dt.timedelta(hours=24)
# Pieces sold of the base, by SKU, store and version of the base list.
Charged = dict[tuple[str, str, int], int]


@dataclass(frozen=True, slots=True)
class Listed:
    """A returned unit that stands behind an offer since ``since``; it lies on the shelf since ``ready_at`` (its QC)."""

    unit_id: UUID
    offer_sku: str
    store_id: str
    since: dt.datetime
    ready_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Line:
    """An order line on an offer of interest. ``base_version`` and ``base_count`` are those in force at its time.

    ``main`` tells a main SKU from a resale SKU; ``base_count`` is None where no base list or no count was known.
    ``cancelled`` means cancelled before it was handed over; ``handed_over_at`` is also known where the merchant
    delivers himself: then the order was first seen completed.
    """

    entry_id: str
    order_id: str
    code: str
    offer_sku: str
    store_id: str
    main: bool
    quantity: int
    price: int
    ordered_at: dt.datetime
    handed_over_at: dt.datetime | None
    cancelled: bool
    cancelled_at: dt.datetime | None = None
    base_version: int | None = None
    base_count: int | None = None


@dataclass(frozen=True, slots=True)
class Scanned:
    """A unit that the warehouse picked for an order: the ledger already says that it is sold."""

    unit_id: UUID
    order: str
    offer_sku: str
    sold_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Sale:
    """One piece of an order line that takes a returned unit; the fields are columns of ``channel.sale``."""

    entry_id: str
    piece: int
    order_id: str
    offer_sku: str
    unit_id: UUID
    state: SaleState
    attribution: Literal["scan", "fifo"]
    price: int
    reserved_at: dt.datetime
    sold_at: dt.datetime | None = None
    freed_at: dt.datetime | None = None

    @property
    def key(self) -> tuple[str, int]:
        """One sale for each piece of a line."""
        return self.entry_id, self.piece


def attribute(
    lines: Iterable[Line],
    listed: Iterable[Listed],
    known: Iterable[Sale],
    scanned: Iterable[Scanned],
    pick_scan: Mapping[str, bool],
    now: dt.datetime,
) -> list[Sale]:
    """Return the sales as they stand at ``now``: which piece of which line has taken which unit.

    What is sold or freed stays as it is in ``known``. A pick scan decides where the store scans
    (``pick_scan`` by store id); there a reservation is only the oldest unit's promise, and the scan may name
    another. Else the oldest unit on sale is taken, and hand-over sells it. An order placed before a unit went
    on sale never takes it; a sale of the main SKU counts against the base of its store in force while that shows
    any. A reservation of a unit that has left its offer, or of a piece that the order has no more, ends.
    """
    listed = list(listed)
    ordered = sorted(lines, key=lambda line: (line.ordered_at, line.code, line.entry_id))
    by_entry = {line.entry_id: line for line in ordered}
    sales = {sale.key: sale for sale in known if sale.state != "reserved"}
    by_scan = _book_scans(ordered, scanned, sales)
    taken = {sale.unit_id for sale in sales.values() if sale.state != "freed"} | by_scan
    on_offer = {(unit.unit_id, unit.offer_sku) for unit in listed}
    for sale in known:
        if sale.state == "reserved" and sale.key not in sales and sale.unit_id not in taken:
            line = by_entry.get(sale.entry_id)
            moved = _follow(sale, line, pick_scan, now) if line else sale
            if moved.state != "freed" and (sale.unit_id, sale.offer_sku) not in on_offer:
                continue  # it was taken off sale: its order takes the next one
            sales[sale.key] = moved
            if moved.state != "freed":
                taken.add(moved.unit_id)
    shelves = _shelves(listed, taken)
    charged: Charged = defaultdict(int)
    for line in ordered:
        _take(line, shelves, sales, charged, pick_scan, now)
    return sorted(sales.values(), key=lambda sale: sale.key)


def _book_scans(ordered: Sequence[Line], scanned: Iterable[Scanned], sales: dict[tuple[str, int], Sale]) -> set[UUID]:
    """Turn each pick scan into a sale of a piece of its order; return the units that scans have taken."""
    units: set[UUID] = set()
    booked = {sale.unit_id for sale in sales.values() if sale.state == "sold"}
    for scan in sorted(scanned, key=lambda one: (one.sold_at, one.unit_id)):
        units.add(scan.unit_id)
        if scan.unit_id in booked:
            continue
        for line in ordered:
            if scan.order not in (line.order_id, line.code) or line.offer_sku != scan.offer_sku:
                continue
            piece = next((n for n in range(1, line.quantity + 1) if (line.entry_id, n) not in sales), None)
            if piece is not None:
                sales[line.entry_id, piece] = Sale(
                    line.entry_id, piece, line.order_id, line.offer_sku, scan.unit_id, "sold", "scan",
                    line.price, line.ordered_at, sold_at=scan.sold_at,
                )  # fmt: skip
                break
    return units


def _follow(sale: Sale, line: Line, pick_scan: Mapping[str, bool], now: dt.datetime) -> Sale:
    """Move a reservation as its order has moved."""
    if line.cancelled or sale.piece > line.quantity:
        return replace(sale, state="freed", freed_at=line.cancelled_at or now)
    if line.handed_over_at is None:
        return sale
    if not pick_scan.get(line.store_id, False):
        return replace(sale, state="sold", sold_at=line.handed_over_at)
    if line.main and now > line.handed_over_at + SCAN_GRACE:
        # Handed over and never scanned: the piece came from the merchant's own stock.
        return replace(sale, state="freed", freed_at=line.handed_over_at + SCAN_GRACE)
    return sale


def _shelves(listed: Iterable[Listed], taken: set[UUID]) -> dict[tuple[str, str], list[Listed]]:
    """Return the free units of each offer and store, first in first: many go on sale with one version of the list."""
    shelves: dict[tuple[str, str], list[Listed]] = defaultdict(list)
    for unit in sorted(listed, key=lambda one: (one.ready_at, one.since, one.unit_id)):
        if unit.unit_id not in taken:
            shelves[unit.offer_sku, unit.store_id].append(unit)
    return shelves


def _take(
    line: Line,
    shelves: dict[tuple[str, str], list[Listed]],
    sales: dict[tuple[str, int], Sale],
    charged: Charged,
    pick_scan: Mapping[str, bool],
    now: dt.datetime,
) -> None:
    """Give the line's pieces to the base where it shows any, else to the oldest units on sale."""
    if line.cancelled:
        return
    shelf = shelves.get((line.offer_sku, line.store_id), [])
    for piece in range(1, line.quantity + 1):
        if (line.entry_id, piece) in sales:
            continue
        if line.main and _base_has(line, charged):
            continue
        unit = next((one for one in shelf if one.since <= line.ordered_at), None)
        if unit is None:
            continue
        shelf.remove(unit)
        reservation = Sale(
            line.entry_id, piece, line.order_id, line.offer_sku, unit.unit_id, "reserved", "fifo",
            line.price, line.ordered_at,
        )  # fmt: skip
        if pick_scan.get(line.store_id, False):
            reservation = replace(reservation, attribution="scan")
        moved = _follow(reservation, line, pick_scan, now)
        sales[moved.key] = moved
        if moved.state == "freed":
            shelf.insert(0, unit)


def _base_has(line: Line, charged: Charged) -> bool:
    """Charge one piece to the base in force, if it shows any; an unknown count is taken as enough."""
    if line.base_count is None or line.base_version is None:
        return True
    base = (line.offer_sku, line.store_id, line.base_version)
    if charged[base] >= line.base_count:
        return False
    charged[base] += 1
    return True
