"""Which causes come back more than before: every cell is tested, and the promised false discovery rate covers them all.

A cell is a set of goods (all, category, supplier, both, batch, SKU) in a place (anywhere, city, carrier, both) with a
cause. Returns of the newest cohorts are compared with what the twelve weeks of cohorts before them lead to expect, by
exposure: order lines × the share of returns that is known at their age. The past of a small cell is shrunk to that of
its category, a category's to that of its merchant (gamma–Poisson). docs/methods/signals.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from include.analytics.dispersion import overdispersion
from include.analytics.history import UNKNOWN, History, sums

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

FEWEST = 3  # never speak about fewer returns
WINDOWS = (4, 8, 12)  # weeks of newest cohorts: a jump shows in a short window first, a slow rise in a long one
BASE_WEEKS = 12
STEP = 4  # weeks; all of the above are multiples of it
STEPS = (WINDOWS[-1] + BASE_WEEKS) // STEP
LEAST_EXPECTED = 0.5  # cells of which fewer returns are expected are not tested
WEIGHTS = {0: 4.0, 1: 4.0, 2: 1.0}  # by how many things a cell names; those of more are the least likely story
LEAST_WEIGHT = 0.25
FEWEST_LINES = 5.0  # nor those of which fewer newest lines could be back: they are most of all cells
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
    """What one window of newest cohorts is compared with, for all levels: past rates by shelf (row) and cause."""

    now: slice
    then: slice
    rates: Floats
    doubt: Floats
    noise: Floats


@dataclass(frozen=True, slots=True)
class _Tests:
    """The tests of one level. Axes: window, cell, cause (or window, cell)."""

    level: tuple[str, ...]
    key: Ints
    returned: Ints
    sold: Floats
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
    exposure = history.exposure
    windows = [_window(history, exposure, weeks) for weeks in WINDOWS]
    told_by = np.random.default_rng(0).random(len(exposure))  # cells with the same sum have the same lines
    known: Floats = np.zeros(0)
    levels: list[_Tests] = []
    for level in LEVELS:
        tests, told = _level(history, level, windows, told_by, known)
        levels += tests
        known = np.union1d(known, told)
    return _corrected(history, levels, fdr)


def _corrected(history: History, levels: list[_Tests], fdr: float) -> Found:
    """Correct for all cells tested; a cell's windows are joined by Simes' rule, and its surest one tells of it."""
    p_values, weights, places = [], [], []
    for number, tests in enumerate(levels):
        joined = _simes(tests.p_value)
        row, cause = np.nonzero(~np.isnan(joined))
        p_values.append(joined[row, cause])
        weights.append(np.full(len(row), _weight(tests.level)))
        places += [(number, *place) for place in zip(row.tolist(), cause.tolist(), strict=True)]
    if not places:
        return Found()
    p_value = np.concatenate(p_values)
    rose, q_values = discovered(p_value, np.concatenate(weights), fdr)
    spoken = [
        Signal(cell, float(q_values[place]))
        for place in np.flatnonzero(rose)
        if (cell := _cell(history, levels, *places[place], float(p_value[place]))).returned >= FEWEST
    ]
    spoken.sort(key=lambda one: (one.q_value, one.cell.p_value, one.cell.merchant_id, one.cell.where, one.cell.cause))
    return Found(spoken, len(places))


def discovered(p_value: Floats, weight: Floats, fdr: float) -> tuple[Mask, Floats]:
    """Return which tests are discoveries at the false discovery rate ``fdr``, and the q value of each.

    Benjamini and Hochberg's step-up, weighted as by Genovese, Roeder and Wasserman (2006): only how the weights compare
    with each other matters.
    """
    from statsmodels.stats.multitest import multipletests

    weighted = np.minimum(p_value * weight.mean() / weight, 1.0)
    rose, q_values, _, _ = multipletests(weighted, alpha=fdr, method="fdr_bh")
    return rose, q_values


def _simes(p_value: Floats) -> Floats:
    """Return the p values joined over the first axis; NaN is a test that was not made."""
    ordered = np.sort(p_value, axis=0)  # NaN goes last
    rank = np.arange(1, len(p_value) + 1)[:, None, None]
    with np.errstate(invalid="ignore"):
        joined = np.where(np.isnan(ordered), np.inf, ordered * len(p_value) / rank).min(axis=0)
    return np.where(np.isinf(joined), np.nan, np.minimum(joined, 1.0))


def _weight(level: tuple[str, ...]) -> float:
    """Return the weight of a level's cells; a supplier's batch is one thing."""
    return WEIGHTS.get(len(level) - ("batch" in level), LEAST_WEIGHT)


def _window(history: History, exposure: Floats, weeks: int) -> _Window:
    """Return the window with the past rates of all categories: the rate of a cause for each exposed line."""
    last = weeks + BASE_WEEKS
    then = (history.sold_age > weeks) & (history.sold_age <= last)
    back_then = history.known() & (history.back_age > weeks) & (history.back_age <= last)
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
        now=slice(0, weeks // STEP),
        then=slice(weeks // STEP, last // STEP),
        rates=rates.reshape(-1, rates.shape[2]),
        doubt=(lean + back).reshape(-1, rates.shape[2]),
        noise=_noise(history, exposure, weeks),
    )


def _codes(codes: Mapping[str, Ints], rows: Mask, *names: str) -> tuple[Ints, ...]:
    return tuple(codes[name][rows] for name in names)


def _spread(returned: Floats | Ints, expected: Floats) -> float:
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
    history: History, level: tuple[str, ...], windows: Sequence[_Window], told_by: Floats, known: Floats
) -> tuple[list[_Tests], Floats]:
    """Test the cells of a level; those with the very lines of a cell in ``known`` are left out.

    Return the tests, and for each cell the sum over its lines of ``told_by``, by which it is known.
    """
    sold_key, back_key, radix = keys_of(history, level)
    mine = np.flatnonzero((sold_key >= 0) & (history.sold_age <= STEPS * STEP))
    cells, cell_of = np.unique(sold_key[mine], return_inverse=True)
    told = sums(cell_of, told_by[mine], len(cells))
    newest = history.sold_age[mine] <= WINDOWS[-1]
    new = sums(cell_of[newest], history.exposure[mine[newest]], len(cells)) >= FEWEST_LINES
    new &= ~np.isin(told, known)
    cells, cell_of, mine = cells[new], (np.cumsum(new) - 1)[cell_of[new[cell_of]]], mine[new[cell_of]]
    if not len(cells):
        return [], told
    place = np.minimum(np.searchsorted(cells, back_key), len(cells) - 1)
    back = np.flatnonzero((cells[place] == back_key) & history.known() & (history.back_age <= STEPS * STEP))
    counts = _Counts.of(history, mine, cell_of, back, place[back], len(cells))
    tested = [_tested(level, cells // radix, counts, window, history.names["cause"]) for window in windows]
    return [_Tests(level, cells, *(np.array(one) for one in zip(*tested, strict=True)))], told


@dataclass(frozen=True, slots=True)
class _Counts:
    """The rows of one level by cell and by age in steps of STEP weeks, the newest first."""

    sold: Floats
    exposure: Floats
    back: Ints
    by_shelf: Any

    @classmethod
    def of(cls, history: History, mine: Ints, cell_of: Ints, back: Ints, back_cell: Ints, cells: int) -> "_Counts":
        """Count sold rows ``mine`` of ``cell_of`` and returned rows ``back`` of ``back_cell``."""
        from scipy.sparse import csr_matrix

        causes, categories, exposure = len(history.names["cause"]), len(history.names["category"]), history.exposure
        step, back_step = (history.sold_age[mine] - 1) // STEP, (history.back_age[back] - 1) // STEP
        at, back_at = cell_of * STEPS + step, (back_cell * causes + history.back["cause"][back]) * STEPS + back_step
        shelf = history.sold["merchant_id"][mine] * categories + history.sold["category"][mine]
        shelves = len(history.names["merchant_id"]) * categories
        size = (cells, shelves * STEPS)
        return cls(
            sold=sums(at, history.sold_lines[mine], cells * STEPS).reshape(cells, STEPS),
            exposure=sums(at, exposure[mine], cells * STEPS).reshape(cells, STEPS),
            back=sums(back_at, history.back_lines[back], cells * causes * STEPS)
            .reshape(cells, causes, STEPS)
            .astype(np.int64),
            by_shelf=csr_matrix((exposure[mine], (cell_of, shelf * STEPS + step)), shape=size),
        )

    def usual(self, rates: Floats, steps: slice) -> Floats:
        """Return the sum of exposure × ``rates`` of its shelf over these steps of age: cells × causes."""
        spread = np.zeros((len(rates), STEPS, rates.shape[1]))
        spread[:, steps] = rates[:, None, :]
        return np.asarray(self.by_shelf @ spread.reshape(-1, rates.shape[1]))


def _tested(
    level: tuple[str, ...], merchant: Ints, counts: _Counts, window: _Window, causes: tuple[str, ...]
) -> tuple[npt.NDArray[Any], ...]:
    """Return the columns of _Tests for one window."""
    returned, before = counts.back[:, :, window.now].sum(axis=2), counts.back[:, :, window.then].sum(axis=2)
    exposed, exposed_before = (counts.exposure[:, steps].sum(axis=1) for steps in (window.now, window.then))
    expected, shape = _expected(level, counts, window, before, exposed, exposed_before)
    p = _surprise(returned, expected, shape, window.noise[merchant][:, None])
    own = _own(returned, exposed[:, None], before, exposed_before[:, None])
    p = np.where(np.isnan(own), p, np.maximum(p, OWN_PAST * own))
    told = (expected >= LEAST_EXPECTED) & (exposed > 0)[:, None]
    if UNKNOWN in causes:
        told[:, causes.index(UNKNOWN)] = False
    sold = counts.sold[:, window.now].sum(axis=1)
    return returned, sold, exposed, before, exposed_before, expected, shape, np.where(told, p, np.nan)


def _expected(
    level: tuple[str, ...], counts: _Counts, window: _Window, before: Ints, exposed: Floats, exposed_before: Floats
) -> tuple[Floats, Floats]:
    """Return the returns to expect of the newest cohorts and how surely, as the shape of a gamma."""
    if not level:
        shape = before + 0.5
        growth = np.divide(exposed, exposed_before, out=np.zeros_like(exposed), where=exposed_before > 0)
        return np.asarray(shape * growth[:, None]), np.asarray(shape)
    prior, prior_before = counts.usual(window.rates, window.now), counts.usual(window.rates, window.then)
    both = slice(window.now.start, window.then.stop)
    lines = (exposed + exposed_before)[:, None]
    behind = np.divide(counts.usual(window.doubt, both), lines, out=np.ones_like(prior), where=lines > 0)
    if level == ("category",):
        return prior, np.maximum(behind, 0.5)  # its rate is its own already, leaning on the merchant's
    lean = 1 / (_spread(before, prior_before) + 1 / np.maximum(behind - before, 0.5))
    shape = lean + before
    return prior * shape / (lean + prior_before), shape


def _surprise(now: Ints, mean: Floats, shape: Floats, noise: Floats) -> Floats:
    """Return the chance of so many returns or more (of the very number half: mid-p), negative binomial."""
    from scipy.stats import nbinom

    safe = np.maximum(mean, 1e-9)
    size = 1 / (1 / shape + (noise - 1) / safe)
    p = np.ones_like(mean)
    some = (now > 0) & (mean >= LEAST_EXPECTED)
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


def keys_of(history: History, level: Sequence[str]) -> tuple[Ints, Ints, int]:
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


def _cell(history: History, levels: list[_Tests], number: int, row: int, cause: int, p_value: float) -> Cell:
    tests = levels[number]
    window = int(np.nanargmin(tests.p_value[:, row, cause]))
    merchant_id, where = _named(history, tests.level, int(tests.key[row]))
    return Cell(
        merchant_id=merchant_id,
        where=where,
        cause=history.names["cause"][cause],
        weeks=WINDOWS[window],
        returned=int(tests.returned[window, row, cause]),
        sold=int(tests.sold[window, row]),
        exposure=float(tests.exposure[window, row]),
        returned_before=int(tests.before[window, row, cause]),
        exposure_before=float(tests.exposure_before[window, row]),
        expected=float(tests.expected[window, row, cause]),
        p_value=p_value,
        windows={
            weeks: (float(tests.expected[place, row, cause]), float(tests.shape[place, row, cause]))
            for place, weeks in enumerate(WINDOWS)
        },
        cells_alike=len(tests.key),
    )


def _named(history: History, level: tuple[str, ...], key: int) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the merchant and the names behind a cell's number."""
    where: list[tuple[str, str]] = []
    for name in reversed(level):
        key, code = divmod(key, len(history.names[name]))
        where.append((name, history.names[name][code]))
    return history.names["merchant_id"][key], tuple(reversed(where))


def rows_of(
    history: History, merchant_id: str, where: Mapping[str, str], cause: str
) -> tuple[npt.NDArray[np.bool_], ...]:
    """Return which rows of sold and of returned lines belong to a cell."""
    merchant = history.names["merchant_id"].index(merchant_id)
    sold, back = history.sold["merchant_id"] == merchant, history.back["merchant_id"] == merchant
    for name, value in where.items():
        code = history.names[name].index(value)
        sold, back = sold & (history.sold[name] == code), back & (history.back[name] == code)
    return sold, back & (history.back["cause"] == history.names["cause"].index(cause))
