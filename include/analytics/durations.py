"""How long units take, told honestly: open units stay in, other ends compete, "not reached" is an answer."""

import warnings
from collections.abc import Sequence
from typing import Literal

End = Literal["open", "reached", "other"]
CODES: dict[str, int] = {"open": 0, "reached": 1, "other": 2}


def quantiles(durations: Sequence[float], ends: Sequence[End], shares: Sequence[float]) -> list[float | None]:
    """Return the times by which ``shares`` of all units have reached the end looked at.

    ``durations`` are in any one unit; ``ends`` says how each unit's time ended: it *reached* the end, ended
    *other*wise (and never will), or is still *open*. The estimate is Aalen–Johansen's cumulative incidence;
    None means that this share has not been reached (yet).
    """
    if len(durations) != len(ends):
        raise ValueError(f"{len(durations)} durations but {len(ends)} ends")
    if "reached" not in ends:
        return [None] * len(shares)
    import numpy as np
    from statsmodels.duration.survfunc import CumIncidenceRight

    time = np.clip(np.asarray(durations, dtype=float), 0.0, None)
    status = np.array([CODES[end] for end in ends])
    with warnings.catch_warnings():
        # The variance of the last step is undefined when nobody is left; we do not use it.
        warnings.simplefilter("ignore", RuntimeWarning)
        incidence = CumIncidenceRight(time, status)
    curve = incidence.cinc[0]
    reached: list[float | None] = []
    for share in shares:
        at_least = np.flatnonzero(curve >= share - 1e-9)
        reached.append(float(incidence.times[at_least[0]]) if at_least.size else None)
    return reached
