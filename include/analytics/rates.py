"""Shares of counted units with an honest interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True, slots=True)
class Share:
    """A share of ``n`` units with its interval; ``value`` is None where there are no units."""

    value: float | None
    lo: float | None
    hi: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Count:
    """``count`` of ``n`` units. Where it is uncertain, it lies between ``lo``, and ``hi`` of ``n_hi`` units.

    These may or may not belong to the denominator.
    """

    count: int
    n: int
    lo: int
    hi: int
    n_hi: int

    @classmethod
    def of(cls, count: int, n: int) -> Self:
        """Return a count that is certain."""
        return cls(count, n, count, count, n)


def wilson(count: int, n: int) -> Share:
    """Return ``count / n`` with Wilson's 95 % interval: see :func:`shares`."""
    return shares([Count.of(count, n)])[0]


def shares(counts: Sequence[Count]) -> list[Share]:
    """Return the shares of all counts with Wilson's 95 % interval, from the lower end at ``lo`` to the upper at ``hi``.

    Raises ValueError for counts out of order.
    """
    from statsmodels.stats.proportion import proportion_confint

    for one in counts:
        if one.n > 0 and (not 0 <= one.lo <= one.count <= one.hi <= one.n_hi or one.count > one.n):
            raise ValueError(
                f"counts out of order: {one.lo} <= {one.count} <= {one.hi} of {one.n} (at most {one.n_hi})"
            )
    known = [one for one in counts if one.n > 0]
    if not known:
        return [Share(None, None, None, 0) for _ in counts]
    table = np.array([(one.lo, one.n, one.hi, one.n_hi) for one in known], dtype=float)
    lower, _ = proportion_confint(table[:, 0], table[:, 1], method="wilson")
    _, upper = proportion_confint(table[:, 2], table[:, 3], method="wilson")
    ends = iter(zip(np.asarray(lower).tolist(), np.asarray(upper).tolist(), strict=True))
    return [_share(one, *next(ends)) if one.n > 0 else Share(None, None, None, 0) for one in counts]


def _share(one: Count, lower: float, upper: float) -> Share:
    value = one.count / one.n
    return Share(value, min(max(lower, 0.0), value), max(min(upper, 1.0), value), one.n)


def of_lines(count: int, n: int, lines: int) -> Share:
    """Return ``count / n`` pieces of so many order lines with Wilson's 95 % interval.

    Pieces of one line come back together, for one reason: a line says once what its pieces say. Raises ValueError for
    more lines than pieces.
    """
    from statsmodels.stats.proportion import proportion_confint

    if n <= 0:
        return Share(None, None, None, 0)
    if not (0 <= count <= n and 1 <= lines <= n):
        raise ValueError(f"{count} of {n} pieces of {lines} lines is no share")
    lower, upper = (float(end) for end in proportion_confint(count / n * lines, lines, method="wilson"))
    return _share(Count.of(count, n), lower, upper)


def exact(count: int, n: int, coverage: float = 0.95) -> Share:
    """Return ``count / n`` with the exact interval of Clopper and Pearson.

    It misses the truth no oftener than promised, each end alone in at most half of ``1 - coverage``.
    """
    from scipy.special import betaincinv

    if n <= 0:
        return Share(None, None, None, 0)
    if not 0 <= count <= n:
        raise ValueError(f"{count} of {n} is no share")
    tail = (1 - coverage) / 2
    lower = float(betaincinv(count, n - count + 1, tail)) if count else 0.0
    upper = float(betaincinv(count + 1, n - count, 1 - tail)) if count < n else 1.0
    return Share(count / n, lower, upper, n)
