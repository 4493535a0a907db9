"""Which causes come back more than before: every cell is tested, and the promised false discovery rate covers them all.

A cell is a set of goods (all, category, supplier, both, batch, SKU) in a place (anywhere, city, carrier, both) with a
cause. Returns of the newest cohorts are compared with what the twelve weeks of cohorts before them lead to expect, by
exposure: order lines × the share of returns that is known at their age. The past of a small cell is shrunk to that of its
category, a category's to that of its merchant (gamma–Poisson). docs/methods/signals.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from include.analytics.dispersion import overdispersion
from include.analytics.history import UNKNOWN, History

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

FEWEST = 3  # never speak about fewer returns
WINDOWS = (4, 8, 12)  # weeks of newest cohorts: a jump shows in a short window first, a slow rise in a long one
BASE_WEEKS = 12
LEAST_EXPECTED = 0.5  # cells of which fewer returns are expected are not tested
WEIGHTS = {0: 4.0, 1: 4.0, 2: 1.0}  # by how many things a cell names; those of more are the least likely story
LEAST_WEIGHT = 0.25
OWN_PAST = 0.01  # so much weight has a cell's own past alone: it must find the rise unlikely, too
GOODS = ((), ("category",), ("supplier",), ("category", "supplier"), ("supplier", "batch"), ("sku",))
PLACES = ((), ("city",), ("carrier",), ("city", "carrier"))
LEVELS = tuple(sorted(((*goods, *place) for place in PLACES for goods in GOODS), key=len))


@dataclass(frozen=True, slots=True)
class Cell:
    """One comparison, in its surest window. Lines of orders; exposures are lines that could have come back by now.

    ``windows`` holds for each window what is expected of it and how surely, as the mean and the shape of a gamma.
    """

    merchant_id: str
    where: tuple[tuple[str, str], ...]
    cause: str
    weeks: int
    returned: int
    sold: int
    exposure: float
    returned_before: int
    exposure_before: float
    expected: float
    p_value: float
    windows: Mapping[int, tuple[float, float]]
    cells_alike: int

    @property
    def rate(self) -> float:
        """Return the newest cohorts' returns for each line that could have come back by now."""
        return self.returned / self.exposure

    @property
    def baseline(self) -> float:
        """Return what was expected for each of these lines."""
        return self.expected / self.exposure


@dataclass(frozen=True, slots=True)
class Signal:
    """A cell that survived the correction for having looked at all of them."""

    cell: Cell
    q_value: float


@dataclass(frozen=True, slots=True)
class Found:
    """The signals, the surest first, of so many cells that were tested."""

    signals: list[Signal] = field(default_factory=list)
    tested: int = 0


@dataclass(frozen=True, slots=True)
class _Window:
    """What one window of newest cohorts is compared with, for all levels."""

    weeks: int
    now: Mask
    then: Mask
    back_now: Mask
    back_then: Mask
    rates: Floats
    doubt: Floats
    noise: Floats


@dataclass(frozen=True, slots=True)
class _Tests:
    """The tests of one level and window: one row a cell of which enough is expected, one column a cause."""

    level: tuple[str, ...]
    weeks: int
    key: Ints
    returned: Ints
    sold: Ints
    exposure: Floats
    before: Ints
    exposure_before: Floats
    expected: Floats
    shape: Floats
    p_value: Floats


def find(history: History, fdr: float) -> Found:
    """Return the cells that rose, at most a share ``fdr`` of them falsely in the long run (Benjamini–Hochberg)."""
    if not len(history.back_lines) or not len(history.sold_lines):
        return Found()
    exposure = exposure_of(history)
    windows = [_window(history, exposure, weeks) for weeks in WINDOWS]
    told_by = np.random.default_rng(0).random(len(exposure))  # cells with the same sum have the same lines
    known: Floats = np.zeros(0)
    tests: list[_Tests] = []
    for level in LEVELS:
        found, sums = _level(history, level, exposure, windows, told_by, known)
        tests += found
        known = np.union1d(known, sums)
    best, tested = _best_windows(tests)
    if not best:
        return Found(tested=sum(tested.values()))
    from statsmodels.stats.multitest import multipletests

    # Weighted (Genovese, Roeder and Wasserman 2006): the mean weight of all tested cells is 1. The cells without a single
    # new return are tested, too: they are as unlike a rise as can be.
    total = sum(tested.values())
    mean = sum(_weight(level) * cells for level, cells in tested.items()) / total
    p_values = np.ones(total)
    p_values[: len(best)] = [min(1.0, p * mean / _weight(tests[test].level)) for p, test, *_ in best]
    rose, q_values, _, _ = multipletests(p_values, alpha=fdr, method="fdr_bh")
    spoken = [
        Signal(_cell(history, tests, test, row, cause, p), float(q))
        for (p, test, row, cause), q, risen in zip(best, q_values, rose, strict=False)
        if risen and tests[test].returned[row, cause] >= FEWEST
    ]
    spoken.sort(key=lambda one: (one.q_value, one.cell.p_value, one.cell.merchant_id, one.cell.where, one.cell.cause))
    return Found(spoken, total)


def exposure_of(history: History) -> Floats:
    """Return for each row of sold lines how many of them could have come back by now."""
    exposure = np.zeros(len(history.sold_lines))
    for code, curve in enumerate(history.curves()):
        mine = history.sold["merchant_id"] == code
        exposure[mine] = history.sold_lines[mine] * curve.known(history.sold_age[mine])
    return exposure


def _window(history: History, exposure: Floats, weeks: int) -> _Window:
    """Return the window with the past rates of all categories: the rate of a cause for each exposed line."""
    known, last = history.known(), weeks + BASE_WEEKS
    then = (history.sold_age > weeks) & (history.sold_age <= last)
    back_then = known & (history.back_age > weeks) & (history.back_age <= last)
    shape = (len(history.names["merchant_id"]), len(history.names["category"]))
    sold, back = np.zeros(shape), np.zeros((*shape, len(history.names["cause"])))
    np.add.at(sold, _codes(history.sold, then, "merchant_id", "category"), exposure[then])
    np.add.at(back, _codes(history.back, back_then, "merchant_id", "category", "cause"), history.back_lines[back_then])
    of_shop = (back.sum(axis=1) + 0.5) / np.maximum(sold.sum(axis=1), 1e-9)[:, None]
    usual = sold[:, :, None] * of_shop[:, None, :]
    spread = _spread(back, usual)
    lean = 1 / (spread + 1 / (back.sum(axis=1) + 0.5))[:, None, :]
    rates = of_shop[:, None, :] * (lean + back) / (lean + usual)
    return _Window(
        weeks=weeks, now=history.sold_age <= weeks, then=then,
        back_now=known & (history.back_age <= weeks), back_then=back_then,
        rates=rates.reshape(-1, rates.shape[2]), doubt=(lean + back).reshape(-1, rates.shape[2]),
        noise=_noise(history, exposure, weeks),
    )  # fmt: skip


def _codes(codes: Mapping[str, Ints], rows: Mask, *names: str) -> tuple[Ints, ...]:
    return tuple(codes[name][rows] for name in names)


def _spread(returned: Floats, expected: Floats) -> float:
    """Return the relative variance of cells around what was expected, by moments, on the careful side."""
    weight = float((expected**2).sum())
    if weight <= 0:
        return 1.0
    found = float(((returned - expected) ** 2 - expected).sum()) / weight
    return max(found, 0.0) + float(np.sqrt(2 / weight))


def _noise(history: History, exposure: Floats, weeks: int) -> Floats:
    """Return for each merchant how many times returns vary more from week to week than by chance (at least 1)."""
    merchants, categories, causes = (len(history.names[name]) for name in ("merchant_id", "category", "cause"))
    old = (history.sold_age > weeks) & (history.sold_age <= weeks + BASE_WEEKS)
    kept = history.known() & (history.back_age > weeks) & (history.back_age <= weeks + BASE_WEEKS)
    sold, counts = np.zeros((merchants, categories, BASE_WEEKS)), np.zeros((merchants, categories, causes, BASE_WEEKS))
    at = (*_codes(history.sold, old, "merchant_id", "category"), history.sold_age[old] - weeks - 1)
    np.add.at(sold, at, exposure[old])
    at = (*_codes(history.back, kept, "merchant_id", "category", "cause"), history.back_age[kept] - weeks - 1)
    np.add.at(counts, at, history.back_lines[kept])
    found = np.ones(merchants)
    for merchant in range(merchants):
        exposed = np.repeat(sold[merchant][:, None, :], causes, axis=1).reshape(-1, BASE_WEEKS)
        seen, all_exposed = counts[merchant].reshape(-1, BASE_WEEKS), exposed.sum(axis=1)
        rate = np.divide(seen.sum(axis=1), all_exposed, out=np.zeros(len(seen)), where=all_exposed > 0)
        found[merchant] = overdispersion(seen, exposed * rate[:, None])
    return found


def _level(
    history: History, level: tuple[str, ...], exposure: Floats, windows: Sequence[_Window], told_by: Floats, known: Floats
) -> tuple[list[_Tests], Floats]:
    """Test the cells of a level in each window; those with the very lines of a cell in ``known`` are left out.

    Return the tests, and for each cell the sum over its lines of ``told_by``, by which it is known.
    """
    sold_key, back_key, radix = _keys(history, level)
    mine = np.flatnonzero((sold_key >= 0) & (history.sold_age <= WINDOWS[-1] + BASE_WEEKS))
    cells, cell_of = np.unique(sold_key[mine], return_inverse=True)
    sums = np.bincount(cell_of, told_by[mine], len(cells))
    new = ~np.isin(sums, known)
    cells, cell_of, mine = cells[new], (np.cumsum(new) - 1)[cell_of[new[cell_of]]], mine[new[cell_of]]
    if not len(cells):
        return [], sums
    place = np.minimum(np.searchsorted(cells, back_key), len(cells) - 1)
    listed = cells[place] == back_key
    counts = _Counts(history, len(cells), cell_of, mine, place, exposure[mine])
    return [_tested(level, cells, radix, listed, counts, window) for window in windows], sums


@dataclass(frozen=True, slots=True)
class _Counts:
    """The rows of one level: what falls into its cells."""

    history: History
    cells: int
    cell_of: Ints
    mine: Ints
    place: Ints
    weights: Floats

    def sold(self, rows: Mask, values: Floats | Ints) -> Floats:
        """Return the sum of ``values`` of sold rows, a number a cell."""
        chosen = rows[self.mine]
        return np.bincount(self.cell_of[chosen], values[chosen], self.cells)

    def back(self, rows: Mask) -> Ints:
        """Return the returned lines, a row a cell, a column a cause."""
        causes = len(self.history.names["cause"])
        at = self.place[rows] * causes + self.history.back["cause"][rows]
        flat = np.bincount(at, self.history.back_lines[rows], self.cells * causes)
        return flat.reshape(self.cells, causes).astype(np.int64)

    def usual(self, rows: Mask, rates: Floats) -> Floats:
        """Return the sum of exposure × the rate of its category, a row a cell, a column a cause."""
        from scipy.sparse import csr_matrix

        chosen = rows[self.mine]
        sold, categories = self.history.sold, len(self.history.names["category"])
        shelf = (sold["merchant_id"] * categories + sold["category"])[self.mine][chosen]
        table = csr_matrix((self.weights[chosen], (self.cell_of[chosen], shelf)), shape=(self.cells, len(rates)))
        return np.asarray(table @ rates)


def _tested(
    level: tuple[str, ...], cells: Ints, radix: int, listed: Mask, counts: _Counts, window: _Window
) -> _Tests:
    back_now, back_then = counts.back(listed & window.back_now), counts.back(listed & window.back_then)
    exposed, exposed_then = (counts.sold(rows, counts.weights) for rows in (window.now, window.then))
    if level:
        mean, shape = _shrunk(level, window, counts, back_then)
    else:
        shape = back_then + 0.5
        mean = shape * np.divide(exposed, exposed_then, out=np.zeros_like(exposed), where=exposed_then > 0)[:, None]
    p = _surprise(back_now, mean, shape, window.noise[cells // radix][:, None])
    own = _own(back_now, exposed[:, None], back_then, exposed_then[:, None])
    p = np.where(np.isnan(own), p, np.maximum(p, OWN_PAST * own))
    told = (mean >= LEAST_EXPECTED) & (exposed > 0)[:, None]
    causes = counts.history.names["cause"]
    if UNKNOWN in causes:
        told[:, causes.index(UNKNOWN)] = False
    sold = counts.sold(window.now, counts.history.sold_lines[counts.mine]).astype(np.int64)
    return _Tests(
        level, window.weeks, cells, back_now, sold, exposed, back_then, exposed_then, mean, shape,
        np.where(told, p, np.nan),
    )  # fmt: skip


def _shrunk(level: tuple[str, ...], window: _Window, counts: _Counts, back_then: Ints) -> tuple[Floats, Floats]:
    """Return the returns to expect of the newest cohorts and how surely, as the shape of a gamma."""
    both = window.now | window.then
    prior, prior_then = counts.usual(window.now, window.rates), counts.usual(window.then, window.rates)
    lines = counts.sold(both, counts.weights)[:, None]
    behind = np.divide(counts.usual(both, window.doubt), lines, out=np.ones_like(prior), where=lines > 0)
    if level == ("category",):
        return prior, np.maximum(behind, 0.5)  # its rate is its own already, leaning on the merchant's
    lean = 1 / (_spread(back_then, prior_then) + 1 / np.maximum(behind - back_then, 0.5))
    shape = lean + back_then
    return prior * shape / (lean + prior_then), shape


def _surprise(now: Ints, mean: Floats, shape: Floats, noise: Floats) -> Floats:
    """Return the chance of so many returns or more (of the very number half: mid-p), negative binomial."""
    from scipy.stats import nbinom

    safe = np.maximum(mean, 1e-9)
    size = 1 / (1 / shape + (noise - 1) / safe)
    p = np.ones_like(mean)
    some = now > 0
    chance = size[some] / (size[some] + safe[some])
    p[some] = nbinom.sf(now[some], size[some], chance) + nbinom.pmf(now[some], size[some], chance) / 2
    return p


def _own(now: Ints, exposed: Floats, then: Ints, exposed_then: Floats) -> Floats:
    """Return how surprising the newest returns are given all of the cell's own: binomial, mid-p; NaN without a past."""
    from scipy.stats import binom

    share = np.broadcast_to(
        np.divide(exposed, exposed + exposed_then, out=np.ones_like(exposed), where=exposed_then > 0), now.shape
    )
    p = np.full(now.shape, np.nan)
    told = (now > 0) & (share < 0.8)
    n, k, chance = (now + then)[told], now[told], share[told]
    p[told] = binom.sf(k, n, chance) + binom.pmf(k, n, chance) / 2
    return p


def _keys(history: History, level: Sequence[str]) -> tuple[Ints, Ints, int]:
    """Return one number a row for its cell of the level, -1 where a name is unknown, and the merchant's radix."""
    radix = 1
    sold, back = np.zeros(len(history.sold_lines), dtype=np.int64), np.zeros(len(history.back_lines), dtype=np.int64)
    hidden_sold, hidden_back = np.zeros(len(sold), dtype=bool), np.zeros(len(back), dtype=bool)
    for name in level:
        names = history.names[name]
        sold, back = sold * len(names) + history.sold[name], back * len(names) + history.back[name]
        radix *= len(names)
        if UNKNOWN in names:
            hidden_sold |= history.sold[name] == names.index(UNKNOWN)
            hidden_back |= history.back[name] == names.index(UNKNOWN)
    sold, back = sold + radix * history.sold["merchant_id"], back + radix * history.back["merchant_id"]
    return np.where(hidden_sold, -1, sold), np.where(hidden_back, -1, back), radix


def _weight(level: tuple[str, ...]) -> float:
    """Return the weight of a level's cells; a supplier's batch is one thing."""
    return WEIGHTS.get(len(level) - ("batch" in level), LEAST_WEIGHT)


def _best_windows(
    tests: list[_Tests],
) -> tuple[list[tuple[float, int, int, int]], dict[tuple[str, ...], int]]:
    """Return (p, test, row, cause) of each cell with a new return, once, and how many cells of each level were tested.

    The p values of a cell's windows are joined by Simes' rule, and it is told by its surest window.
    """
    tried: dict[tuple[tuple[str, ...], int, int], list[tuple[float, int, int, int]]] = {}
    by_level: dict[tuple[str, ...], list[int]] = {}
    for number, test in enumerate(tests):
        by_level.setdefault(test.level, []).append(number)
        for row, cause in np.argwhere((test.returned > 0) & ~np.isnan(test.p_value)).tolist():
            found = (float(test.p_value[row, cause]), number, row, cause)
            tried.setdefault((test.level, row, cause), []).append(found)
    tested = {
        level: int(np.any([~np.isnan(tests[number].p_value) for number in numbers], axis=0).sum())
        for level, numbers in by_level.items()
    }
    best = []
    for found in tried.values():
        found.sort()
        joined = min(p * len(WINDOWS) / rank for rank, (p, *_) in enumerate(found, 1))
        best.append((min(1.0, joined), *found[0][1:]))
    return best, tested


def _cell(history: History, tests: list[_Tests], number: int, row: int, cause: int, p_value: float) -> Cell:
    test = tests[number]
    return Cell(
        *_named(history, test.level, int(test.key[row])),
        cause=history.names["cause"][cause],
        weeks=test.weeks,
        returned=int(test.returned[row, cause]),
        sold=int(test.sold[row]),
        exposure=float(test.exposure[row]),
        returned_before=int(test.before[row, cause]),
        exposure_before=float(test.exposure_before[row]),
        expected=float(test.expected[row, cause]),
        p_value=p_value,
        windows={
            one.weeks: (float(one.expected[row, cause]), float(one.shape[row, cause]))
            for one in tests
            if one.level == test.level
        },
        cells_alike=len(test.key),
    )


def _named(history: History, level: tuple[str, ...], key: int) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the merchant and the names behind a cell's number."""
    where: list[tuple[str, str]] = []
    for name in reversed(level):
        key, code = divmod(key, len(history.names[name]))
        where.append((name, history.names[name][code]))
    return history.names["merchant_id"][key], tuple(reversed(where))


def rows_of(history: History, merchant_id: str, where: Mapping[str, str], cause: str) -> tuple[npt.NDArray[np.bool_], ...]:
    """Return which rows of sold and of returned lines belong to a cell."""
    merchant = history.names["merchant_id"].index(merchant_id)
    sold, back = history.sold["merchant_id"] == merchant, history.back["merchant_id"] == merchant
    for name, value in where.items():
        code = history.names[name].index(value)
        sold, back = sold & (history.sold[name] == code), back & (history.back[name] == code)
    return sold, back & (history.back["cause"] == history.names["cause"].index(cause))
