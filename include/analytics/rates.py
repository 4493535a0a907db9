"""Shares of counted units with an honest interval."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """A share of ``n`` units with its interval; ``value`` is None where there are no units."""

    value: float | None
    lo: float | None
    hi: float | None
    n: int


def wilson(
    count: int, n: int, *, count_lo: int | None = None, count_hi: int | None = None, n_hi: int | None = None
) -> Share:
    """Return ``count / n`` with Wilson's 95 % interval.

    Where the count itself is uncertain, the interval runs from the lower end at ``count_lo`` to the upper end
    at ``count_hi`` of ``n_hi`` units (units that may or may not belong to the denominator).
    """
    from statsmodels.stats.proportion import proportion_confint

    if n <= 0:
        return Share(None, None, None, 0)
    low = count if count_lo is None else count_lo
    high = count if count_hi is None else count_hi
    of_high = n if n_hi is None else n_hi
    if not 0 <= low <= count <= high <= of_high or count > n:
        raise ValueError(f"counts out of order: {low} <= {count} <= {high} of {n} (at most {of_high})")
    lower, _ = proportion_confint(low, n, method="wilson")
    _, upper = proportion_confint(high, of_high, method="wilson")
    value = count / n
    return Share(value, min(max(float(lower), 0.0), value), max(min(float(upper), 1.0), value), n)


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
