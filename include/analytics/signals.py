"""Which causes come back more than before: every cell is tested, and the promised false discovery rate covers them all.

A cell is a set of goods (all, category, supplier, both, batch, SKU) in a place (anywhere, city, carrier, both) with a
cause. Returns of the newest cohorts are compared with the twelve weeks of cohorts before them, by their exposure: order
lines × the share of returns that is known at their age. docs/methods/signals.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from include.analytics.dispersion import overdispersion
from include.analytics.history import UNKNOWN, History
from include.analytics.shrinkage import NO_SPREAD, fit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FEWEST = 3  # never speak about fewer returns
WINDOWS = (4, 8)  # weeks of newest cohorts: a jump shows in the short window, a slow rise in the long one
BASE_WEEKS = 12
TELLING = 0.01  # a test that could never be surer than this is not made
GOODS = ((), ("category",), ("supplier",), ("category", "supplier"), ("supplier", "batch"), ("sku",))
PLACES = ((), ("city",), ("carrier",), ("city", "carrier"))
LEVELS = tuple((*goods, *place) for place in PLACES for goods in GOODS)
BORN_BAD = (("supplier", "batch"), ("sku",))  # goods that may be too young for a past of their own


@dataclass(frozen=True, slots=True)
class Cell:
    """One comparison. Lines of orders; exposures are lines that could have come back by now."""

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
    against: Literal["own", "peers"]
    p_value: float
    cells_alike: int = 1

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
class _Tests:
    """The tests of one level and window, one row a cell and cause."""

    level: tuple[str, ...]
    weeks: int
    key: Ints
    cause: Ints
    returned: Ints
    sold: Ints
    exposure: Floats
    before: Ints
    exposure_before: Floats
    expected: Floats
    peers: npt.NDArray[np.bool_]
    p_value: Floats
    cells_alike: int


def find(history: History, fdr: float) -> Found:
    """Return the cells that rose, at most a share ``fdr`` of them falsely in the long run (Benjamini–Hochberg)."""
    exposure = exposure_of(history)
    noise = _noise(history, exposure)
    tests = [test for level in LEVELS for test in _level(history, level, exposure, noise)]
    best = _best_windows(tests)
    if not best:
        return Found()
    from statsmodels.stats.multitest import multipletests

    rose, q_values, _, _ = multipletests([p for p, _, _ in best], alpha=fdr, method="fdr_bh")
    spoken = [
        Signal(_cell(history, tests[test], row, p), float(q))
        for (p, test, row), q, risen in zip(best, q_values, rose, strict=True)
        if risen and tests[test].returned[row] >= FEWEST
    ]
    spoken.sort(key=lambda one: (one.q_value, one.cell.p_value, one.cell.merchant_id, one.cell.where, one.cell.cause))
    return Found(spoken, len(best))


def exposure_of(history: History) -> Floats:
    """Return for each row of sold lines how many of them could have come back by now."""
    exposure = np.zeros(len(history.sold_lines))
    for code, curve in enumerate(history.curves()):
        mine = history.sold["merchant_id"] == code
        exposure[mine] = history.sold_lines[mine] * curve.known(history.sold_age[mine])
    return exposure


def _level(history: History, level: tuple[str, ...], exposure: Floats, noise: Floats) -> Iterator[_Tests]:
    """Test all cells of a level in each window."""
    sold_key, back_key, radix = _keys(history, level)
    cells = np.unique(sold_key[sold_key >= 0])
    back_rows = np.flatnonzero(history.known() & (back_key >= 0) & np.isin(back_key, cells))
    if not len(back_rows):
        return
    causes = len(history.names["cause"])
    pairs, pair_of = np.unique(back_key[back_rows] * causes + history.back["cause"][back_rows], return_inverse=True)
    key, cause = pairs // causes, pairs % causes
    spoken = cause != (history.names["cause"].index(UNKNOWN) if UNKNOWN in history.names["cause"] else -1)
    place = np.searchsorted(cells, key)
    mine = np.flatnonzero(sold_key >= 0)
    cell_of = np.searchsorted(cells, sold_key[mine])
    age, back_age, lines = history.sold_age[mine], history.back_age[back_rows], history.back_lines[back_rows]

    def sold_in(rows: npt.NDArray[np.bool_], values: Floats | Ints) -> Floats:
        return np.bincount(cell_of[rows], values[mine][rows], len(cells))

    def back_in(rows: npt.NDArray[np.bool_]) -> Ints:
        return np.bincount(pair_of[rows], lines[rows], len(pairs)).astype(np.int64)

    for weeks in WINDOWS:
        now, then = age <= weeks, (age > weeks) & (age <= weeks + BASE_WEEKS)
        back_now = back_in(back_age <= weeks)
        back_then = back_in((back_age > weeks) & (back_age <= weeks + BASE_WEEKS))
        exposed, exposed_then = sold_in(now, exposure)[place], sold_in(then, exposure)[place]
        young = (exposed_then < exposed / 2) if level in BORN_BAD else np.zeros(len(pairs), dtype=bool)
        own = _own(back_now, exposed, back_then, exposed_then, noise[key // radix])
        expected = np.divide(back_then * exposed, exposed_then, out=np.zeros_like(exposed), where=exposed_then > 0)
        if young.any():
            peers = _peers(history, exposure, level, key, cause, weeks, young)
            own = np.where(young, _against_peers(back_now, *peers), own)
            expected = np.where(young, peers[0], expected)
        told = np.flatnonzero(spoken & ~np.isnan(own) & (exposed > 0))
        yield _Tests(
            level, weeks, key[told], cause[told], back_now[told],
            sold_in(now, history.sold_lines)[place][told].astype(np.int64), exposed[told], back_then[told],
            exposed_then[told], expected[told], young[told], own[told], len(cells),
        )  # fmt: skip


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


def _own(now: Ints, exposed: Floats, then: Ints, exposed_then: Floats, noise: Floats) -> Floats:
    """Return how surprising the newest returns are, given all returns of the cell; NaN where no answer could tell.

    Given how many came back in all, the newest are binomial with their share of the exposure; where counts vary more
    than by chance, beta-binomial. The p value counts half of the chance of the very number seen (mid-p).
    """
    from scipy.stats import betabinom, binom

    total = now + then
    share = np.divide(exposed, exposed + exposed_then, out=np.ones_like(exposed), where=exposed_then > 0)
    p = np.full(len(now), np.nan)
    told = (share < 1) & (total >= FEWEST) & (share**total <= TELLING)
    if not told.any():
        return p
    plain, uneven = told & (noise <= 1), told & (noise > 1) & (total > 1)
    for rows, law in ((plain, None), (uneven, noise)):
        if not rows.any():
            continue
        n, k, chance = total[rows], now[rows], share[rows]
        if law is None:
            p[rows] = binom.sf(k, n, chance) + binom.pmf(k, n, chance) / 2
        else:
            # so correlated that the variance is ``noise`` times the binomial one
            together = np.clip((law[rows] - 1) / (n - 1), 1e-9, 0.5)
            a, b = chance * (1 / together - 1), (1 - chance) * (1 / together - 1)
            p[rows] = betabinom.sf(k, n, a, b) + betabinom.pmf(k, n, a, b) / 2
    return p


def _noise(history: History, exposure: Floats) -> Floats:
    """Return for each merchant how many times returns vary more from week to week than by chance (at least 1)."""
    merchants = len(history.names["merchant_id"])
    found = np.ones(merchants)
    categories, causes = len(history.names["category"]), len(history.names["cause"])
    first, weeks = WINDOWS[0], BASE_WEEKS
    kept = history.known() & (history.back_age > first) & (history.back_age <= first + weeks)
    counts = np.zeros((merchants, categories, causes, weeks))
    where = (history.back["merchant_id"], history.back["category"], history.back["cause"])
    np.add.at(counts, tuple(one[kept] for one in (*where, history.back_age - first - 1)), history.back_lines[kept])
    sold = np.zeros((merchants, categories, weeks))
    old = (history.sold_age > first) & (history.sold_age <= first + weeks)
    at = (history.sold["merchant_id"], history.sold["category"], history.sold_age - first - 1)
    np.add.at(sold, tuple(one[old] for one in at), exposure[old])
    for merchant in range(merchants):
        exposed = np.repeat(sold[merchant][:, None, :], causes, axis=1).reshape(-1, weeks)
        seen = counts[merchant].reshape(-1, weeks)
        told = exposed.sum(axis=1) > 0
        level_of = np.divide(seen.sum(axis=1), exposed.sum(axis=1), out=np.zeros(len(seen)), where=told)
        found[merchant] = overdispersion(seen, exposed * level_of[:, None])
    return found


def _peers(
    history: History, exposure: Floats, level: tuple[str, ...], key: Ints, cause: Ints, weeks: int,
    young: npt.NDArray[np.bool_],
) -> tuple[Floats, Floats]:  # fmt: skip
    """Return what the other goods of its categories lead to expect of each young cell, and how surely (as a shape)."""
    sold_key, back_key, _ = _keys(history, level)
    recent, known = history.sold_age <= weeks + BASE_WEEKS, history.known() & (history.back_age <= weeks + BASE_WEEKS)
    newest = history.sold_age <= weeks
    expected, shape = np.zeros(len(key)), np.full(len(key), NO_SPREAD)
    spread: dict[int, float] = {}
    for row in np.flatnonzero(young):
        mine = (sold_key == key[row]) & newest
        events = 0.0
        for category in np.unique(history.sold["category"][mine]):
            alike = (history.sold["category"] == category) & (sold_key != key[row]) & recent
            came = known & (history.back["category"] == category) & (back_key != key[row])
            came &= history.back["cause"] == cause[row]
            merchant = history.sold["merchant_id"][mine][0]
            alike &= history.sold["merchant_id"] == merchant
            came &= history.back["merchant_id"] == merchant
            others = exposure[alike].sum()
            if others <= 0:
                continue
            returned = history.back_lines[came].sum() + 0.5
            events += returned
            expected[row] += returned / others * exposure[mine & (history.sold["category"] == category)].sum()
        if cause[row] not in spread:
            spread[cause[row]] = _spread(history, exposure, int(cause[row]))
        shape[row] = 1 / (1 / spread[cause[row]] + 1 / max(events, 0.5))
    return expected, shape


def _spread(history: History, exposure: Floats, cause: int) -> float:
    """Return how alike the SKUs of a category are for a cause, as the shape of the gamma of their relative rates."""
    skus = history.sold["sku"]
    old = (history.sold_age > WINDOWS[0]) & (history.sold_age <= WINDOWS[0] + BASE_WEEKS)
    came = history.known() & (history.back["cause"] == cause)
    came &= (history.back_age > WINDOWS[0]) & (history.back_age <= WINDOWS[0] + BASE_WEEKS)
    size = (len(history.names["merchant_id"]), len(history.names["category"]))
    sold, back = np.zeros(size), np.zeros(size)
    np.add.at(sold, (history.sold["merchant_id"][old], history.sold["category"][old]), exposure[old])
    np.add.at(back, (history.back["merchant_id"][came], history.back["category"][came]), history.back_lines[came])
    rate = np.divide(back, sold, out=np.zeros_like(back), where=sold > 0)
    usual = rate[history.sold["merchant_id"][old], history.sold["category"][old]] * exposure[old]
    expected = np.bincount(skus[old], usual, len(history.names["sku"]))
    returned = np.bincount(history.back["sku"][came], history.back_lines[came], len(history.names["sku"]))
    told = expected > 0
    prior = fit(returned[told], expected[told])
    mean, square = prior.weight * prior.shape1 / prior.rate1, prior.weight * prior.shape1 * (1 + prior.shape1) / prior.rate1**2
    if prior.weight < 1:
        rest = 1 - prior.weight
        mean += rest * prior.shape2 / prior.rate2
        square += rest * prior.shape2 * (1 + prior.shape2) / prior.rate2**2
    return float(min(NO_SPREAD, mean**2 / max(square - mean**2, 1e-9)))


def _against_peers(now: Ints, expected: Floats, shape: Floats) -> Floats:
    from scipy.stats import nbinom

    told = expected > 0.2
    chance = shape / (shape + np.where(told, expected, 1.0))
    p = nbinom.sf(now, shape, chance) + nbinom.pmf(now, shape, chance) / 2
    return np.where(told, p, np.nan)


def _best_windows(tests: list[_Tests]) -> list[tuple[float, int, int]]:
    """Return (p, test, row) of each cell once: its better window, paid for by the number of windows tried.

    Cells of different levels that hold the very same lines are one cell, named by the simpler level.
    """
    found: dict[tuple[tuple[str, ...], int, int], list[tuple[float, int, int]]] = {}
    for number, test in enumerate(tests):
        for row, (key, cause, p) in enumerate(
            zip(test.key.tolist(), test.cause.tolist(), test.p_value.tolist(), strict=True)
        ):
            found.setdefault((test.level, key, cause), []).append((p, number, row))
    best: dict[tuple[object, ...], tuple[float, int, int]] = {}
    for (_level, _key, cause), tried in found.items():
        p, number, row = min(tried)
        test = tests[number]
        same = (
            cause, test.weeks, int(test.returned[row]), int(test.before[row]), int(test.sold[row]),
            round(float(test.exposure[row]), 6), round(float(test.exposure_before[row]), 6),
        )  # fmt: skip
        best.setdefault(same, (min(1.0, p * len(tried)), number, row))
    return list(best.values())


def _cell(history: History, test: _Tests, row: int, p_value: float) -> Cell:
    return Cell(
        *_named(history, test.level, int(test.key[row])),
        cause=history.names["cause"][test.cause[row]],
        weeks=test.weeks,
        returned=int(test.returned[row]),
        sold=int(test.sold[row]),
        exposure=float(test.exposure[row]),
        returned_before=int(test.before[row]),
        exposure_before=float(test.exposure_before[row]),
        expected=float(test.expected[row]),
        against="peers" if test.peers[row] else "own",
        p_value=p_value,
        cells_alike=test.cells_alike,
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
