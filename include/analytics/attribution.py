"""The smallest set of cells that explains what rose: which of many overlapping signals say the same, and which is it.

The cell that explains most is chosen, its lines are taken out of the cells that share some of them, and what of these
no longer stands out is explained; then again with what is left. Where another cell that is no part of it explains as
much, where other names mean the very same lines, or where all goods rose alike, the answer is that the rise cannot be
attributed. docs/methods/signals.md.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from include.analytics.history import UNKNOWN, History
from include.analytics.signals import LEVELS, STEP, STEPS, Signal, rows_of

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

STILL_NEWS = 0.05  # what is left of a cell stands out on its own below this p value
AS_GOOD = 2.0  # a cell whose log-likelihood gain is this close cannot be told from the best
SHAPE_WEEKS = 12
FACTORS = np.linspace(1.0, 10.0, 46)

Shape = Literal["at_once", "creeping"]


@dataclass(frozen=True, slots=True)
class Told:
    """A signal with its place in the explanation.

    ``role``: it *explains*, or it is *explained* by ``by``. ``attributed`` is False where the data cannot tell it
    from ``alternatives``, or where everything rose. ``since_weeks``: so many weeks of cohorts show the rise.
    """

    signal: Signal
    role: Literal["explains", "explained"]
    by: tuple[tuple[str, str], ...] | None
    attributed: bool
    alternatives: tuple[tuple[tuple[str, str], ...], ...] = ()
    shape: Shape = "at_once"
    since_weeks: int = 0


@dataclass(slots=True)
class _Candidate:
    signal: Signal
    sold: Mask
    back: Mask
    gain: float = 0.0


def explain(history: History, signals: Sequence[Signal]) -> list[Told]:
    """Return the signals, each with its role; those that explain come first, the surest first."""
    exposure = history.exposure
    groups: dict[tuple[str, str], list[_Candidate]] = defaultdict(list)
    for signal in signals:
        cell = signal.cell
        sold, back = rows_of(history, cell.merchant_id, dict(cell.where), cell.cause)
        groups[cell.merchant_id, cell.cause].append(_Candidate(signal, sold, back))
    told = [one for group in groups.values() for one in _explained(history, exposure, group)]
    return sorted(told, key=lambda one: (one.role == "explained", one.signal.q_value, one.signal.cell.p_value))


def _explained(history: History, exposure: Floats, group: list[_Candidate]) -> list[Told]:
    """Choose cells one after the other until nothing in the group stands out any more.

    A cell is explained by one that shares returns with it, where what is left of it is no news in the weeks in which
    it was. What rose beside it, of other lines or at another time, is a story of its own.
    """
    found: list[Told] = []
    gone_sold, gone_back = np.zeros(len(exposure), dtype=bool), np.zeros(len(history.back_lines), dtype=bool)
    left = list(group)
    while left:
        weeks = min(left, key=lambda one: (one.signal.q_value, one.signal.cell.p_value)).signal.cell.weeks
        for one in left:
            one.gain = _gain(one, *_left_of(history, exposure, one, weeks, gone_sold, gone_back))
        best = max(left, key=lambda one: (one.gain, -len(one.signal.cell.where), -one.signal.q_value))
        rivals = [
            one.signal.cell.where for one in left if one is not best and _is_rival(one, best, history, exposure, weeks)
        ]
        rivals += [where for where in _same_lines(history, best) if where not in rivals]
        gone_sold, gone_back = gone_sold | best.sold, gone_back | best.back
        cell = best.signal.cell
        shape = _shape(history, exposure, best)
        found.append(Told(best.signal, "explains", None, bool(cell.where) and not rivals, tuple(rivals), *shape))
        rest = []
        for one in left:
            if one is best:
                continue
            own = one.signal.cell.weeks
            shares = bool((one.back & best.back & history.known() & (history.back_age <= own)).any())
            if (
                shares
                and _surprise(one, own, *_left_of(history, exposure, one, own, gone_sold, gone_back)) >= STILL_NEWS
            ):
                shape = _shape(history, exposure, one)
                found.append(Told(one.signal, "explained", cell.where, False, (), *shape))
            else:
                rest.append(one)
        left = rest
    return found


def _same_lines(history: History, best: _Candidate) -> list[tuple[tuple[str, str], ...]]:
    """Return the other names of the very lines of a cell: a supplier who makes all of a category, one city's carrier.

    Such cells are tested once, under the first of their names. A SKU or a batch is a part of its category and supplier,
    and names that say the same and more say nothing else.
    """
    recent = history.sold_age <= STEPS * STEP
    lines, names = best.sold & recent, {name for name, _ in best.signal.cell.where}
    found: list[tuple[tuple[str, str], ...]] = []
    for level in LEVELS:
        told = [{name for name, _ in where} for where in found] + [names]
        if not names or {"sku", "batch"} & {*level, *names} or any(one <= {*level} or {*level} <= one for one in told):
            continue
        values = [np.unique(history.sold[name][lines]) for name in level]
        if any(len(codes) != 1 for codes in values):
            continue
        where = tuple((name, history.names[name][int(codes[0])]) for name, codes in zip(level, values, strict=True))
        sold, _ = rows_of(history, best.signal.cell.merchant_id, dict(where), best.signal.cell.cause)
        if UNKNOWN not in dict(where).values() and np.array_equal(sold & recent, lines):
            found.append(where)
    return found


def _left_of(
    history: History, exposure: Floats, one: _Candidate, weeks: int, gone_sold: Mask, gone_back: Mask
) -> tuple[int, float]:
    """Return the lines that came back, and those expected, of what is left of a cell in the newest ``weeks``."""
    cell, now = one.signal.cell, history.sold_age <= weeks
    back = one.back & ~gone_back & history.known() & (history.back_age <= weeks)
    whole = float(exposure[one.sold & now].sum())
    share = float(exposure[one.sold & ~gone_sold & now].sum()) / whole if whole else 0.0
    return int(history.back_lines[back].sum()), cell.windows[weeks][0] * share


def _surprise(one: _Candidate, weeks: int, returned: int, expected: float) -> float:
    """Return the chance of so many returns or more, mid-p; the past of what is left is as sure as that of the whole."""
    from scipy.stats import nbinom

    if returned == 0 or expected <= 0:
        return 1.0
    shape = one.signal.cell.windows[weeks][1]
    chance = shape / (shape + expected)
    return float(nbinom.sf(returned, shape, chance) + nbinom.pmf(returned, shape, chance) / 2)


def _gain(one: _Candidate, returned: int, expected: float) -> float:
    """Return how much likelier the counts become if this cell rose, less the price of having chosen among its like."""
    if returned == 0 or expected <= 0 or returned <= expected:
        return -math.inf
    price = math.log(max(1, one.signal.cell.cells_alike))
    return returned * math.log(returned / expected) - (returned - expected) - price


def _is_rival(one: _Candidate, best: _Candidate, history: History, exposure: Floats, weeks: int) -> bool:
    """Tell whether the data cannot tell it from the best: as good, neither is part of the other, the same returns."""
    if best.gain - one.gain > AS_GOOD:
        return False
    newest = history.sold_age <= weeks
    mine, its = one.sold & newest, best.sold & newest
    if not ((mine & its).any() and (mine & ~its).any() and (its & ~mine).any()):
        return False
    return _surprise(best, weeks, *_left_of(history, exposure, best, weeks, one.sold, one.back)) >= STILL_NEWS


def _shape(history: History, exposure: Floats, one: _Candidate) -> tuple[Shape, int]:
    """Return whether the cohorts rose at once or by and by, and over how many weeks: the likelier of both stories."""
    weeks = np.arange(1, SHAPE_WEEKS + 1)
    kept = one.back & history.known()
    counts = np.bincount(history.back_age[kept], history.back_lines[kept], SHAPE_WEEKS + 1)[1 : SHAPE_WEEKS + 1]
    exposed = np.bincount(history.sold_age[one.sold], exposure[one.sold], SHAPE_WEEKS + 1)[1 : SHAPE_WEEKS + 1]
    level = one.signal.cell.baseline or 0.5 / max(float(exposed.sum()), 1.0)
    usual = np.maximum(exposed * level, 1e-9)
    best: tuple[float, Shape, int] = (-math.inf, "at_once", 1)
    stories: Mapping[Shape, Floats] = {
        "at_once": (weeks[None, :] <= weeks[:, None]).astype(float),
        "creeping": np.clip((weeks[:, None] - weeks[None, :] + 1) / weeks[:, None], 0, None),
    }
    for shape, profiles in stories.items():
        # axes: beginning, factor, week
        times = 1 + (FACTORS[None, :, None] - 1) * profiles[:, None, :]
        fits = (counts * np.log(times) - usual * times).sum(axis=2).max(axis=1)
        place = int(fits.argmax())
        if fits[place] > best[0] + 1e-9:
            best = (float(fits[place]), shape, int(weeks[place]))
    return best[1], best[2]
