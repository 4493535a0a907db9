"""What a young cohort's return rate will be: what is known, and a forecast of what is still to come.

Returns still to come are Poisson, their rate a gamma learned from the older cohorts of the same goods and from what
this one shows already, so the newest week leans on the past instead of being blown up. docs/methods/nowcast.md.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from include.analytics.delays import delay_curve
from include.analytics.dispersion import overdispersion

Floats = npt.NDArray[np.float64]
LEVEL = 0.95
PAST_WEEKS = 12
FEWEST = 5  # returns in past and present together; below that nothing is said


@dataclass(frozen=True, slots=True)
class Nowcast:
    """Final shares with their prediction intervals; NaN where too little is known."""

    value: Floats
    lo: Floats
    hi: Floats


def nowcast(
    seen: Floats, sold: Floats, known: Floats, uncertainty: Floats, past_returned: Floats, past_sold: Floats,
    dispersion: float = 1.0, past_weeks: int = PAST_WEEKS,
) -> Nowcast:  # fmt: skip
    """Return the final return rates of cohorts of ``sold`` pieces of which ``seen`` are back already.

    ``known`` is the share of all returns that is in by the cohorts' ages with its standard error ``uncertainty``; the
    past is that of ``past_weeks`` cohorts of the same goods; ``dispersion`` how many times their counts vary more than
    Poisson. The more the past weeks differ from each other, the less they say of this one.
    """
    from scipy.stats import nbinom

    weekly = np.maximum(past_returned / past_weeks, 0.5)
    prior = 1 / (1 / (0.5 + past_returned) + (dispersion - 1) / weekly)
    shape = prior + seen
    exposure = past_sold * prior / (0.5 + past_returned) + sold * known
    enough = (past_returned + seen >= FEWEST) & (exposure > 0) & (sold > 0)
    exposure, pieces = np.where(enough, exposure, 1.0), np.where(enough, sold, 1.0)
    coming = pieces * (1 - known)
    mean = coming * shape / exposure
    curve = np.divide(uncertainty, 1 - known, out=np.zeros_like(known), where=known < 1)
    # variance of what comes: chance (as uneven as the past), the rate, the curve
    variance = mean * dispersion + mean**2 * (1 / shape + curve**2)
    size = np.divide(mean**2, variance - mean, out=np.full_like(mean, 1e9), where=variance - mean > 1e-9)
    tail = (1 - LEVEL) / 2
    chance = np.divide(size, size + mean, out=np.ones_like(mean), where=size + mean > 0)
    least, most = nbinom.ppf(tail, size, chance), nbinom.ppf(1 - tail, size, chance)
    nothing = coming <= 0
    ends = [
        np.where(enough, np.minimum((seen + np.where(nothing, 0, more)) / pieces, 1.0), np.nan)
        for more in (mean, least, most)
    ]
    return Nowcast(*ends)


@dataclass(frozen=True, slots=True)
class CohortSums:
    """Pieces by group (row), age of the cohort in weeks (column; 0 is unused) and, returned, by delay in weeks.

    ``returned[g, a, d]``: of the cohort that is ``a`` weeks old, requested in the d-th week after its own, within the
    horizon.
    """

    sold: Floats
    returned: Floats


def longest_delay(horizon_days: int) -> int:
    """Return in which week after the order's the last return within the horizon is asked for: delivery takes a week."""
    return (horizon_days + 14) // 7


def young_ages(horizon_days: int) -> range:
    """Return the ages, in weeks, of the cohorts that are not mature yet."""
    return range(1, -(-(horizon_days + 7) // 7))


def young_cohorts(sums: CohortSums, horizon_days: int) -> Nowcast:
    """Return the nowcasts by group (row) and age (column, in the order of :func:`young_ages`)."""
    longest = longest_delay(horizon_days)
    groups, ages, delays = sums.returned.shape
    age, delay = np.meshgrid(np.arange(ages), np.arange(delays), indexing="ij")
    # the whole house: one of the groups may be the sum of the others, the curve is the same
    counts = sums.returned.sum(axis=0).ravel().astype(np.int64)
    curve = delay_curve(age.ravel(), delay.ravel(), counts, longest)
    back = sums.returned[:, :, : longest + 1].sum(axis=2)
    past = slice(longest + 1, longest + 1 + PAST_WEEKS)
    past_returned, past_sold = back[:, past].sum(axis=1), sums.sold[:, past].sum(axis=1)
    rate = np.divide(past_returned, past_sold, out=np.zeros(groups), where=past_sold > 0)
    noise = overdispersion(back[:, past], sums.sold[:, past] * rate[:, None])
    young = np.array([one for one in young_ages(horizon_days) if one < ages], dtype=np.int64)
    known, doubt = curve.known(young), curve.uncertainty(young)
    wide = np.ones((groups, 1))
    return nowcast(
        back[:, young], sums.sold[:, young], wide * known, wide * doubt,
        past_returned[:, None] + 0 * known, past_sold[:, None] + 0 * known, noise,
    )  # fmt: skip
