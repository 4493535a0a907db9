"""Control charts of shares, and how much more counts vary from week to week than chance alone would have it.

With thousands of pieces a week pure chance varies so little that every week looks special. Laney's p′ (2002) takes the
unit of measure from the series itself. docs/methods/signals.md.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Chart:
    """A control chart of shares: its centre, its limits point by point, and ``sigma`` (1: pure chance)."""

    centre: float
    lower: Floats
    upper: Floats
    sigma: float

    def outside(self, shares: Floats) -> npt.NDArray[np.int64]:
        """Return the places of the points outside the limits, counted from 0."""
        return np.flatnonzero((shares < self.lower) | (shares > self.upper))


def p_chart(counts: Floats, sizes: Floats, sigma: float = 1.0) -> Chart:
    """Return Shewhart's chart of ``counts`` in samples of ``sizes``: three standard deviations either way."""
    centre = float(counts.sum() / sizes.sum())
    width = 3 * sigma * np.sqrt(centre * (1 - centre) / sizes)
    return Chart(centre, np.maximum(centre - width, 0), np.minimum(centre + width, 1), sigma)


def laney_chart(counts: Floats, sizes: Floats) -> Chart:
    """Return Laney's p′ chart: the same with the variation from point to point that the series itself shows."""
    centre = counts.sum() / sizes.sum()
    return p_chart(counts, sizes, sigma_z((counts - sizes * centre) / np.sqrt(sizes * centre * (1 - centre))))


def sigma_z(scores: Floats) -> float:
    """Return the standard deviation of z scores in order of time by their mean moving range."""
    return float(np.mean(np.abs(np.diff(scores))) / 1.128)


def overdispersion(counts: Floats, expected: Floats) -> float:
    """Return how many times the weekly counts (rows: cells, columns: weeks) surely vary more than Poisson: at least 1.

    Pearson's chi-square over the 95 % point of its law under pure chance: a lower bound, so that chance in few cells
    is not taken for unevenness. Each row against its own level; rows with fewer than 3 expected a week are left out.
    """
    from scipy.stats import chi2

    rows = (expected.mean(axis=1) >= 3) if expected.size else np.zeros(0, dtype=bool)
    if not rows.any() or expected.shape[1] < 4:
        return 1.0
    counts, expected = counts[rows], expected[rows]
    level = expected * (counts.sum(axis=1) / expected.sum(axis=1))[:, None]
    squares = np.divide((counts - level) ** 2, level, out=np.zeros_like(level), where=level > 0)
    return max(1.0, float(squares.sum() / chi2.ppf(0.95, rows.sum() * (expected.shape[1] - 1))))
