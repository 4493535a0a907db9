"""What a young cohort's return rate will be: what is known, and a forecast of what is still to come.

Returns still to come are Poisson, their rate a gamma learned from the older cohorts of the same goods and from what this
one shows already, so the newest week leans on the past instead of being blown up. docs/methods/nowcast.md.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
LEVEL = 0.95
FEWEST = 5  # returns in past and present together; below that nothing is said


@dataclass(frozen=True, slots=True)
class Nowcast:
    """Final shares with their prediction intervals; NaN where too little is known."""

    value: Floats
    lo: Floats
    hi: Floats


def nowcast(
    seen: Floats, sold: Floats, known: Floats, uncertainty: Floats, past_returned: Floats, past_sold: Floats,
    dispersion: float = 1.0,
) -> Nowcast:  # fmt: skip
    """Return the final return rates of cohorts of ``sold`` pieces of which ``seen`` are back already.

    ``known`` is the share of all returns that is in by the cohorts' ages with its standard error ``uncertainty``;
    the past is that of the same goods; ``dispersion`` how many times the counts vary more than Poisson.
    """
    from scipy.stats import nbinom

    shape = 0.5 + past_returned + seen
    exposure = past_sold + sold * known
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
