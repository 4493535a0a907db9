"""Which causes come back more (or less) than before: exact tests, one promised false discovery rate.

A cell is a category, supplier or batch together with a cause. Its returns of the last weeks are compared with
the weeks before, given how many of its pieces were sold in each. A bad batch is bad from its first piece, so a
batch is compared with the other goods of its categories; whatever else is too young for a past of its own is
compared with the rest of the merchant's goods.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

FEWEST = 3  # never speak about fewer pieces
DIMENSIONS = ("category", "supplier", "batch")
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Sold:
    """Pieces sold whose returns would arrive in the recent weeks, or in those before."""

    category: str
    supplier: str
    batch: str
    recent: bool
    units: int


@dataclass(frozen=True, slots=True)
class Returned:
    """Pieces that came back for a cause, in the recent weeks or in those before."""

    category: str
    supplier: str
    batch: str
    recent: bool
    cause: str
    units: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One comparison. ``against`` says whose past is the baseline: its own, or that of its peers."""

    dimension: str
    key: tuple[str, ...]
    cause: str
    returned: int
    sold: int
    returned_before: int
    sold_before: int
    against: Literal["own", "peers"]
    p_value: float

    @property
    def rate(self) -> float:
        """Return the recent returns for each piece sold."""
        return self.returned / self.sold

    @property
    def baseline(self) -> float:
        """Return the same for the baseline."""
        return self.returned_before / self.sold_before


@dataclass(frozen=True, slots=True)
class Signal:
    """A cell that survived the correction for having looked at all of them."""

    cell: Cell
    q_value: float
    direction: Literal["up", "down"]


def cells(sold: Iterable[Sold], returned: Iterable[Returned]) -> list[Cell]:
    """Return every cell that can be tested: enough pieces in all, and pieces sold on both sides."""
    sold, returned = list(sold), list(returned)
    found: list[Cell] = []
    for dimension in ("category", "supplier"):
        found.extend(_cells_of(dimension, sold, returned))
    found.extend(_batch_cells(sold, returned))
    return found


def signals(tested: list[Cell], fdr: float) -> list[Signal]:
    """Return the cells that differ, at most a share ``fdr`` of them falsely in the long run (Benjamini–Hochberg)."""
    if not tested:
        return []
    from statsmodels.stats.multitest import multipletests

    different, q_values, _, _ = multipletests([cell.p_value for cell in tested], alpha=fdr, method="fdr_bh")
    spoken = []
    for cell, differs, q_value in zip(tested, different, q_values, strict=True):
        direction: Literal["up", "down"] = "up" if cell.rate > cell.baseline else "down"
        enough = (cell.returned if direction == "up" else cell.returned_before) >= FEWEST
        if differs and enough:
            spoken.append(Signal(cell, float(q_value), direction))
    return sorted(
        spoken, key=lambda signal: (signal.q_value, signal.cell.dimension, signal.cell.key, signal.cell.cause)
    )


def _key(row: Sold | Returned, dimension: str) -> tuple[str, ...]:
    """Return the name of the row's group: a batch is one supplier's batch."""
    return (row.supplier, row.batch) if dimension == "batch" else (str(getattr(row, dimension)),)


def _cells_of(dimension: str, sold: list[Sold], returned: list[Returned]) -> Iterable[Cell]:
    pieces: Counter[tuple[tuple[str, ...], bool]] = Counter()
    for sale in sold:
        pieces[_key(sale, dimension), sale.recent] += sale.units
    back: Counter[tuple[tuple[str, ...], str, bool]] = Counter()
    for piece in returned:
        back[_key(piece, dimension), piece.cause, piece.recent] += piece.units
    for key, cause in sorted({(key, cause) for key, cause, _ in back}):
        if UNKNOWN not in key:
            cell = _cell(dimension, key, cause, pieces, back)
            if cell is not None:
                yield cell


def _batch_cells(sold: list[Sold], returned: list[Returned]) -> Iterable[Cell]:
    """Test each batch among the goods of its own categories, so that a category's trouble is not put down to it."""
    for batch in sorted({_key(sale, "batch") for sale in sold}):
        own = {sale.category for sale in sold if _key(sale, "batch") == batch}
        alike = [sale for sale in sold if sale.category in own]
        back = [piece for piece in returned if piece.category in own]
        yield from (cell for cell in _cells_of("batch", alike, back) if cell.key == batch)


def _cell(
    dimension: str,
    key: tuple[str, ...],
    cause: str,
    pieces: Mapping[tuple[tuple[str, ...], bool], int],
    back: Mapping[tuple[tuple[str, ...], str, bool], int],
) -> Cell | None:
    recent, recent_sold = back.get((key, cause, True), 0), pieces.get((key, True), 0)
    before, before_sold = back.get((key, cause, False), 0), pieces.get((key, False), 0)
    against: Literal["own", "peers"] = "own"
    if dimension == "batch" or before_sold < recent_sold:
        against = "peers"
        before = sum(units for (other, why, _), units in back.items() if why == cause and other != key)
        before_sold = sum(units for (other, _), units in pieces.items() if other != key)
    if recent_sold == 0 or before_sold == 0 or recent + before < FEWEST:
        return None
    from scipy.stats import binomtest

    # Given how many came back in all, the recent ones are binomial with the recent share of the pieces sold.
    share = recent_sold / (recent_sold + before_sold)
    p_value = float(binomtest(recent, recent + before, share).pvalue)
    return Cell(dimension, key, cause, recent, recent_sold, before, before_sold, against, p_value)
