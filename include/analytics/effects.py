"""Did an action help? Rates before and after, against goods that were left alone, with an interval. No data, no answer.

With goods to compare: of each week's returns, the share that falls to the goods acted on (a binomial with the cohorts'
exposures as offset), before and after: difference-in-differences of log rates, in which whatever moves both sides in
one week (a holiday, parcels held back, returns still to come) falls out. Without: an interrupted time series.
docs/methods/effects.md.
"""

import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Verdict = Literal["helped", "made_worse", "no_effect_shown", "not_enough_data"]
LEVEL = 0.95
FEWEST = 5.0  # expected returns in each of the four corners
FEWEST_WEEKS = 3


@dataclass(frozen=True, slots=True)
class Effect:
    """How the rate changed: 0.7 is 30 % fewer returns than without the action. None: not enough data."""

    ratio: float | None
    lo: float | None
    hi: float | None
    verdict: Verdict
    because: str = ""


NOTHING = Effect(None, None, None, "not_enough_data")


def difference(
    treated: Floats, treated_exposure: Floats, control: Floats, control_exposure: Floats, after: npt.NDArray[np.bool_]
) -> Effect:
    """Return the effect of an action by weekly returns and exposures (pieces × share of returns known by their age)."""
    usable = (treated_exposure > 0) & (control_exposure > 0) & (treated + control > 0)
    lacking = _lacking(treated, treated_exposure, control, control_exposure, after)
    if lacking or not (after & usable).any() or not (~after & usable).any():
        return Effect(None, None, None, "not_enough_data", lacking or "no week with returns on both sides")
    design = np.column_stack([np.ones(usable.sum()), after[usable]])
    import statsmodels.api as sm

    fitted = _fitted(
        sm.GLM(
            np.column_stack([treated, control])[usable],
            design,
            family=sm.families.Binomial(),
            offset=np.log(treated_exposure[usable] / control_exposure[usable]),
        )
    )
    return _effect(fitted, 1)


def interrupted(
    counts: Floats, exposure: Floats, after: npt.NDArray[np.bool_], time: Floats, harmonics: int = 0, period: float = 52.0
) -> Effect:
    """Return the step in a series with a trend and, with ``harmonics``, a season of ``period``: no goods to compare."""
    usable = exposure > 0
    if min((after & usable).sum(), (~after & usable).sum()) < FEWEST_WEEKS or counts[usable].sum() < 2 * FEWEST:
        return Effect(None, None, None, "not_enough_data", "too few weeks or returns on one side")
    columns = [np.ones(len(time)), after.astype(float), time]
    for wave in range(1, harmonics + 1):
        columns += [np.sin(2 * np.pi * wave * time / period), np.cos(2 * np.pi * wave * time / period)]
    import statsmodels.api as sm

    design = np.column_stack(columns)[usable]
    family = sm.families.Poisson()
    return _effect(_fitted(sm.GLM(counts[usable], design, family=family, offset=np.log(exposure[usable]))), 1)


def _lacking(
    treated: Floats, treated_exposure: Floats, control: Floats, control_exposure: Floats, after: npt.NDArray[np.bool_]
) -> str:
    """Say which corner has too little to be judged, expected by what all weeks of its side show."""
    for name, counts, exposure in (("goods acted on", treated, treated_exposure), ("others", control, control_exposure)):
        if exposure.sum() <= 0:
            return f"{name}: nothing was sold"
        level = counts.sum() / exposure.sum()
        for when, weeks in (("before", ~after), ("after", after)):
            if (exposure[weeks] > 0).sum() < FEWEST_WEEKS:
                return f"{name}: fewer than {FEWEST_WEEKS} weeks {when}"
            expected = level * exposure[weeks].sum()
            if expected < FEWEST:
                return f"{name}: {expected:.1f} returns expected {when}, {FEWEST:.0f} are needed"
    return ""


def _fitted(model: Any) -> Any:
    """Return the quasi-likelihood fit: the scale is estimated, and never below 1."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a corner without returns is told by its interval
        return model.fit(scale="X2")


def _effect(fitted: Any, place: int) -> Effect:
    from scipy.stats import t

    log_ratio = float(fitted.params[place])
    deviation = float(fitted.bse[place]) * max(1.0, 1 / float(fitted.scale) ** 0.5)
    if not np.isfinite([log_ratio, deviation]).all() or deviation > 5:
        return Effect(None, None, None, "not_enough_data", "one side shows no returns")
    width = float(t.ppf((1 + LEVEL) / 2, max(1, fitted.df_resid))) * deviation
    ratio, lo, hi = (float(one) for one in np.exp([log_ratio, log_ratio - width, log_ratio + width]))
    return Effect(ratio, lo, hi, "helped" if hi < 1 else "made_worse" if lo > 1 else "no_effect_shown")
