"""The smallest set of cells that explains what rose: which of many overlapping signals say the same, and which is it.

The cell that explains most is chosen, its lines are taken out of all other cells, and what no longer stands out is
explained; then again with what is left. Where another cell that is no part of it explains as much, or where all goods
rose alike, the answer is that the rise cannot be attributed. docs/methods/signals.md.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from include.analytics.history import History
from include.analytics.signals import BASE_WEEKS, Cell, Signal, exposure_of, rows_of

Mask = npt.NDArray[np.bool_]

STILL_NEWS = 0.05  # what is left of a cell stands out on its own below this p value
AS_GOOD = 2.0  # a cell whose log-likelihood gain is this close cannot be told from the best
SHAPE_WEEKS = 12
BORROWED = 4.0  # a borrowed past counts as so many times the present
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
    alternatives: list["_Candidate"] = field(default_factory=list)


def explain(history: History, signals: Sequence[Signal]) -> list[Told]:
    """Return the signals, each with its role; those that explain come first, the surest first."""
    exposure = exposure_of(history)
    groups: dict[tuple[str, str], list[_Candidate]] = defaultdict(list)
    for signal in signals:
        cell = signal.cell
        sold, back = rows_of(history, cell.merchant_id, dict(cell.where), cell.cause)
        groups[cell.merchant_id, cell.cause].append(_Candidate(signal, sold, back))
    told = [one for group in groups.values() for one in _explained(history, exposure, group)]
    return sorted(told, key=lambda one: (one.role == "explained", one.signal.q_value, one.signal.cell.p_value))


def _explained(history: History, exposure: npt.NDArray[np.float64], group: list[_Candidate]) -> list[Told]:
    """Choose cells one after the other until nothing in the group stands out any more."""
    found: list[Told] = []
    gone_sold, gone_back = np.zeros(len(exposure), dtype=bool), np.zeros(len(history.back_lines), dtype=bool)
    left = list(group)
    while left:
        for one in left:
            one.gain = _gain(history, exposure, one, gone_sold, gone_back)
        best = max(left, key=lambda one: (one.gain, -len(one.signal.cell.where), -one.signal.q_value))
        rivals = [one for one in left if one is not best and _is_rival(one, best, history, exposure)]
        gone_sold, gone_back = gone_sold | best.sold, gone_back | best.back
        cell = best.signal.cell
        shape, weeks = _shape(history, exposure, best)
        found.append(
            Told(
                best.signal, "explains", None, bool(cell.where) and not rivals,
                tuple(one.signal.cell.where for one in rivals), shape, weeks,
            )
        )  # fmt: skip
        rest = []
        for one in left:
            if one is best:
                continue
            if _surprise(*_counts(history, exposure, one, gone_sold, gone_back)) < STILL_NEWS:
                rest.append(one)
            else:
                shape, weeks = _shape(history, exposure, one)
                found.append(Told(one.signal, "explained", cell.where, False, (), shape, weeks))
        left = rest
    return found


def _counts(
    history: History, exposure: npt.NDArray[np.float64], one: _Candidate, gone_sold: Mask, gone_back: Mask
) -> tuple[int, float, float, float]:
    """Return (returned, exposure, returned before, exposure before) of what is left of a cell."""
    cell = one.signal.cell
    sold, back = one.sold & ~gone_sold, one.back & ~gone_back & history.known()
    now, then = history.sold_age <= cell.weeks, history.sold_age <= cell.weeks + BASE_WEEKS
    back_now, back_then = history.back_age <= cell.weeks, history.back_age <= cell.weeks + BASE_WEEKS
    returned, exposed = int(history.back_lines[back & back_now].sum()), float(exposure[sold & now].sum())
    before = float(history.back_lines[back & back_then & ~back_now].sum())
    exposed_before = float(exposure[sold & then & ~now].sum())
    if exposed_before < exposed / 2:  # too young for a past of its own: what its category leads to expect
        before, exposed_before = cell.baseline * exposed * BORROWED, exposed * BORROWED
    return returned, exposed, before, exposed_before


def _surprise(returned: int, exposed: float, before: float, exposed_before: float) -> float:
    from scipy.stats import binom

    if exposed <= 0 or exposed_before <= 0 or returned == 0:
        return 1.0
    share, total = exposed / (exposed + exposed_before), returned + round(before)
    return float(binom.sf(returned, total, share) + binom.pmf(returned, total, share) / 2)


def _gain(
    history: History, exposure: npt.NDArray[np.float64], one: _Candidate, gone_sold: Mask, gone_back: Mask
) -> float:
    """Return how much likelier the counts become if this cell rose, less the price of having chosen among its like."""
    returned, exposed, before, exposed_before = _counts(history, exposure, one, gone_sold, gone_back)
    if returned == 0 or exposed <= 0 or exposed_before <= 0:
        return -math.inf
    share = exposed / (exposed + exposed_before)
    total = returned + before
    seen = returned / total
    if seen <= share:
        return -math.inf
    rest = before * math.log((1 - seen) / (1 - share)) if before else 0.0
    return returned * math.log(seen / share) + rest - math.log(max(1, one.signal.cell.cells_alike))


def _is_rival(one: _Candidate, best: _Candidate, history: History, exposure: npt.NDArray[np.float64]) -> bool:
    """Tell whether the data cannot tell this cell from the best: as good, neither part of the other, the same returns."""
    if best.gain - one.gain > AS_GOOD or not (one.sold & best.sold).any():
        return False
    newest = history.sold_age <= max(one.signal.cell.weeks, best.signal.cell.weeks)
    mine, its = one.sold & newest, best.sold & newest
    if not (mine & ~its).any() or not (its & ~mine).any():
        return False
    return _surprise(*_counts(history, exposure, best, one.sold, one.back)) >= STILL_NEWS


def _shape(history: History, exposure: npt.NDArray[np.float64], one: _Candidate) -> tuple[Shape, int]:
    """Return whether the cohorts rose at once or by and by, and over how many weeks: the likelier of both stories."""
    weeks = np.arange(1, SHAPE_WEEKS + 1)
    kept = one.back & history.known()
    counts = np.bincount(history.back_age[kept], history.back_lines[kept], SHAPE_WEEKS + 1)[1 : SHAPE_WEEKS + 1]
    exposed = np.bincount(history.sold_age[one.sold], exposure[one.sold], SHAPE_WEEKS + 1)[1 : SHAPE_WEEKS + 1]
    level = one.signal.cell.baseline or 0.5 / max(float(exposed.sum()), 1.0)
    usual = np.maximum(exposed * level, 1e-9)
    best: tuple[float, Shape, int] = (-math.inf, "at_once", 1)
    stories: Mapping[Shape, npt.NDArray[np.float64]] = {
        "at_once": (weeks[None, :] <= weeks[:, None]).astype(float),
        "creeping": np.clip((weeks[:, None] - weeks[None, :] + 1) / weeks[:, None], 0, None),
    }
    for shape, profiles in stories.items():
        # [since, factor, week]
        times = 1 + (FACTORS[None, :, None] - 1) * profiles[:, None, :]
        fits = (counts * np.log(times) - usual * times).sum(axis=2).max(axis=1)
        place = int(fits.argmax())
        if fits[place] > best[0] + 1e-9:
            best = (float(fits[place]), shape, int(weeks[place]))
    return best[1], best[2]
