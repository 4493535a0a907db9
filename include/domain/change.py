"""Did a number move by more than chance since the week before? Both weeks' noise counts, and how many are looked at.

With the intervals of both weeks their difference is judged by them (MOVER; R. G. Newcombe, *Interval estimation for the
difference between independent proportions*, Statistics in Medicine 17, 1998). Without, its ratio is judged by what
medians and means of so many units scatter where they are spread like waiting times.
"""

import math
from dataclasses import dataclass

FEWEST = 5  # units behind a number, before and after, below which it says nothing
LEAST = math.log(1.25)  # a smaller ratio of numbers without an interval is no news, however sure it is
LOOKED_AT = 15  # numbers that a mail or a page compares at once
SURE = 2.94  # standard errors: 95 % for all of them together, by Bonferroni's rule
OF_INTERVAL = 1.96  # standard errors that the kept 95 % intervals reach
# Of n times spread exponentially the median's relative standard error is 1.44 / sqrt(n), the 90th percentile's 1.30,
# the mean's 1. Costs of a unit are spread less widely than its times.
SCATTER = 1.44


@dataclass(frozen=True, slots=True)
class Week:
    """A number of one week: ``n`` units stand behind it, ``lo`` to ``hi`` is its 95 % interval where it has one."""

    value: float | None
    n: int
    lo: float | None = None
    hi: float | None = None


def moved(now: Week, before: Week) -> bool:
    """Tell whether the number moved by more than chance."""
    if now.value is None or before.value is None or min(now.n, before.n) < FEWEST:
        return False
    if now.lo is not None and now.hi is not None:
        if before.lo is None or before.hi is None:
            return False
        rose = now.value > before.value
        noise = (
            math.hypot(now.value - now.lo, before.hi - before.value)
            if rose
            else math.hypot(now.hi - now.value, before.value - before.lo)
        )
        return abs(now.value - before.value) > noise * SURE / OF_INTERVAL
    if not before.value or now.value / before.value <= 0:  # what units scatter cannot be told by a ratio there
        return False
    return abs(strength(now.value, before.value)) >= max(LEAST, SURE * SCATTER * math.sqrt(1 / now.n + 1 / before.n))


def strength(value: float | None, previous: float | None) -> float:
    """Return the logarithm of the ratio to the week before: as far up as down; 0 where there is none."""
    if not value or not previous or value / previous <= 0:
        return 0.0 if value == previous else math.copysign(10.0, (value or 0) - (previous or 0))
    return math.log(value / previous)
