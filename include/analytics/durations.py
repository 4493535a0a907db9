"""How long units take, told honestly: open units stay in, other ends compete, "not reached" is an answer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Durations = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spans:
    """How long units took, in any one unit: those that *reached* the end looked at, ended *other*wise, are *open*."""

    reached: Durations
    other: Durations
    open: Durations


def quantiles(spans: Spans, shares: Sequence[float]) -> list[float | None]:
    """Return the times by which ``shares`` of all units have reached the end looked at.

    The estimate is Aalen–Johansen's cumulative incidence; None means that this share has not been reached (yet).
    statsmodels has it, too, with variances that nobody asks for here, at a hundred times the cost; a test compares.
    """
    time = np.clip(np.concatenate([spans.reached, spans.other, spans.open]), 0.0, None)
    if not spans.reached.size:
        return [None] * len(shares)
    reached = np.zeros(time.size)
    reached[: spans.reached.size] = 1.0
    ended = np.zeros(time.size)
    ended[: spans.reached.size + spans.other.size] = 1.0
    order = np.argsort(time, kind="stable")
    time, reached, ended = time[order], reached[order], ended[order]
    first = np.flatnonzero(np.concatenate(([True], time[1:] != time[:-1])))
    at_risk = time.size - first
    reached, ended = np.add.reduceat(reached, first), np.add.reduceat(ended, first)
    waiting = np.cumprod(1.0 - ended / at_risk)
    incidence = np.cumsum(np.concatenate(([1.0], waiting[:-1])) * reached / at_risk)
    found: list[float | None] = []
    for share in shares:
        at_least = np.flatnonzero(incidence >= share - 1e-9)
        found.append(float(time[first[at_least[0]]]) if at_least.size else None)
    return found
