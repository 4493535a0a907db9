"""How late facts arrive: the share of returns that is known after so many weeks, from data that are cut off today.

Old cohorts show all delays, young ones only short ones. The reverse-time hazard (Lagakos, Barraj and De Gruttola 1988)
uses of each cohort what it can show; without further assumptions it is the chain ladder. docs/methods/nowcast.md.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Curve:
    """The delay curve. ``share[d]`` of all returns are known at the end of their d-th week after; the last is 1.

    ``deviation`` is the standard error of log(share); ``events`` so many returns it rests on.
    """

    share: Floats
    deviation: Floats
    events: int

    def known(self, ages: Ints) -> Floats:
        """Return the share that is known ``ages`` whole weeks after the cohort's Monday: 0 at age 0."""
        return np.concatenate([[0.0], self.share])[np.clip(ages, 0, len(self.share))]

    def uncertainty(self, ages: Ints) -> Floats:
        """Return the standard error of that share."""
        padded = np.concatenate([[0.0], self.share * self.deviation])
        return padded[np.clip(ages, 0, len(self.share))]


def delay_curve(ages: Ints, delays: Ints, counts: Ints, longest: int) -> Curve:
    """Return the curve of returns ``counts`` whose cohorts are ``ages`` weeks old and that came ``delays`` weeks after.

    Delays above ``longest`` are not counted: the curve is that of the returns within it. A delay that nobody of the
    cohorts old enough shows has no share of its own; with no returns at all everything counts as known at once.
    """
    kept = (delays >= 0) & (delays <= longest) & (delays < ages)
    table = np.zeros((int(ages.max(initial=0)) + 1, longest + 1))
    np.add.at(table, (ages[kept], delays[kept]), counts[kept])
    old_enough = np.arange(len(table))[:, None] > np.arange(longest + 1)
    at = (table * old_enough).sum(axis=0)
    up_to = (np.cumsum(table, axis=1) * old_enough).sum(axis=0)
    hazard = np.divide(at, up_to, out=np.zeros_like(at), where=up_to > 0)
    hazard[0] = 0.0
    share = np.append(np.cumprod((1 - hazard)[::-1])[::-1][1:], 1.0)
    # Greenwood's sum for log(share), from the far end
    term = np.divide(hazard, up_to * (1 - hazard), out=np.zeros_like(at), where=(up_to > 0) & (hazard < 1))
    deviation = np.sqrt(np.append(np.cumsum(term[::-1])[::-1][1:], 0.0))
    return Curve(share, deviation, int(counts[kept].sum()))
