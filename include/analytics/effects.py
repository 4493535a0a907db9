"""Did an action help? Rates before and after, against goods that were left alone, with an interval. No data, no answer.

With goods to compare: of each week's returns, the share that falls to the goods acted on (a binomial with the cohorts'
exposures as offset), before and after: difference-in-differences of log rates, in which whatever moves both sides in
one week (a holiday, parcels held back, returns still to come) falls out. Without: an interrupted time series.
docs/methods/effects.md.
"""

import datetime as dt
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from include.analytics.history import History, sums

Floats = npt.NDArray[np.float64]
Verdict = Literal["helped", "made_worse", "no_effect_shown", "not_enough_data"]
LEVEL = 0.95
FEWEST = 5.0  # expected returns in each of the four corners
FEWEST_WEEKS = 3
WEEKS_BEFORE = 12
WEEKS_AFTER = 26


@dataclass(frozen=True, slots=True)
class Effect:
    """How the rate changed: 0.7 is 30 % fewer returns than without the action. None: not enough data."""

    ratio: float | None
    lo: float | None
    hi: float | None
    verdict: Verdict
    because: str = ""


NOTHING = Effect(None, None, None, "not_enough_data")


@dataclass(frozen=True, slots=True)
class Panel:
    """Weekly returns and exposures of the goods acted on and of those compared with, the oldest week first.

    ``after`` tells the weeks under the action; the week in which it began is in neither.
    """

    treated: Floats
    treated_exposure: Floats
    control: Floats
    control_exposure: Floats
    after: npt.NDArray[np.bool_]

    @property
    def compared(self) -> bool:
        """Tell whether there are other goods to compare with."""
        return bool(self.control_exposure[self.after].sum() > 0 and self.control_exposure[~self.after].sum() > 0)


def panel(
    history: History, merchant_id: str, scope: Mapping[str, str], cause: str | None,
    others: Sequence[Mapping[str, str]], *, monday: dt.date, starts_on: dt.date, ended_on: dt.date | None = None,
) -> Panel | None:  # fmt: skip
    """Return the weekly panel of an action as known on ``monday``; None where nothing of its scope was ever sold.

    ``cause`` None counts returns for any. Goods in the scope of ``others`` (actions for the same cause) are left out.
    """
    names = history.names
    if merchant_id not in names["merchant_id"] or any(value not in names[name] for name, value in scope.items()):
        return None
    since = (monday - starts_on).days
    last = 0 if ended_on is None else (monday - ended_on).days + 7
    ages = np.arange(1, int(history.sold_age.max(initial=0)) + 1)
    after = (ages * 7 <= since) & (ages * 7 >= last) & (ages <= since // 7) & (ages > since // 7 - WEEKS_AFTER)
    before = (ages * 7 >= since + 7) & (ages * 7 < since + 7 * (WEEKS_BEFORE + 1))
    if starts_on > monday:
        after, before = np.zeros(len(ages), dtype=bool), ages <= WEEKS_BEFORE
    kept = (after | before)[::-1]
    exposure = history.exposure
    sides = []
    for codes, age, values, rows in (
        (history.sold, history.sold_age, exposure, np.ones(len(exposure), dtype=bool)),
        (history.back, history.back_age, history.back_lines, history.known() & _of_cause(history, cause)),
    ):
        rows = rows & (codes["merchant_id"] == names["merchant_id"].index(merchant_id))
        mine = rows & _within(names, codes, scope)
        rest = rows & ~mine
        for other in others:
            rest &= ~_within(names, codes, other)
        sides.append([sums(age[side], values[side], len(ages) + 1)[1:][::-1][kept] for side in (mine, rest)])
    (treated_exposure, control_exposure), (treated, control) = sides
    return Panel(treated, treated_exposure, control, control_exposure, after[::-1][kept])


def judge(weeks: Panel) -> Effect:
    """Return what the action did: against other goods where there are any, else against the goods' own past."""
    if weeks.compared:
        return difference(weeks.treated, weeks.treated_exposure, weeks.control, weeks.control_exposure, weeks.after)
    return interrupted(weeks.treated, weeks.treated_exposure, weeks.after, np.arange(len(weeks.after), dtype=float))


def _of_cause(history: History, cause: str | None) -> npt.NDArray[np.bool_]:
    codes = history.back["cause"]
    if cause is None:
        return np.ones(len(codes), dtype=bool)
    causes = history.names["cause"]
    return np.asarray(codes == (causes.index(cause) if cause in causes else -1))


def _within(
    names: Mapping[str, tuple[str, ...]], codes: Mapping[str, npt.NDArray[np.int64]], scope: Mapping[str, str]
) -> npt.NDArray[np.bool_]:
    found = np.ones(len(codes["merchant_id"]), dtype=bool)
    for name, value in scope.items():
        found &= codes[name] == (names[name].index(value) if value in names[name] else -1)
    return found


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
    counts: Floats,
    exposure: Floats,
    after: npt.NDArray[np.bool_],
    time: Floats,
    harmonics: int = 0,
    period: float = 52.0,
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
    for name, counts, exposure in (
        ("goods acted on", treated, treated_exposure),
        ("others", control, control_exposure),
    ):
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
