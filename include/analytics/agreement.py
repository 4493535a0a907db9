"""How far two inspectors agree beyond chance: Cohen's kappa with an interval, or that there is not enough data."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LEAST_PAIRS = 30
LEVEL = 0.95
NOT_ENOUGH = "not_enough_data"
ONE_ANSWER = "one_answer_only"


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of ``pairs`` of looks: the share that agree, kappa and its 95 % interval; ``note`` says why there is none."""

    pairs: int
    agreed: float | None
    kappa: float | None
    lo: float | None
    hi: float | None
    note: str | None = None


def agreement(pairs: Iterable[tuple[str, str]]) -> Agreement:
    """Return how far the first and the second answer of each pair agree.

    Under LEAST_PAIRS pairs, and where everybody gave one and the same answer (chance alone explains it), there is no
    kappa. Where all agree its error is unknown to the usual formula: the lower bound is then that of the share of
    agreement (Clopper–Pearson) with the same chance.
    """
    told = list(pairs)
    count = len(told)
    if not count:
        return Agreement(0, None, None, None, None, NOT_ENOUGH)
    agreed = sum(first == second for first, second in told) / count
    if count < LEAST_PAIRS:
        return Agreement(count, agreed, None, None, None, NOT_ENOUGH)
    from statsmodels.stats.inter_rater import cohens_kappa

    answers = sorted({answer for pair in told for answer in pair})
    if len(answers) == 1:
        return Agreement(count, agreed, None, None, None, ONE_ANSWER)
    table = _table(told, answers)
    found = cohens_kappa(table)
    low, high = float(found.kappa_low), float(found.kappa_upp)
    if agreed == 1:
        low, high = _low_where_all_agree(table), 1.0
    return Agreement(count, agreed, float(found.kappa), max(-1.0, low), min(1.0, high))


def _table(told: Sequence[tuple[str, str]], answers: Sequence[str]) -> list[list[int]]:
    counts = Counter(told)
    return [[counts[first, second] for second in answers] for first in answers]


def _low_where_all_agree(table: list[list[int]]) -> float:
    from scipy.stats import beta

    diagonal = [row[place] for place, row in enumerate(table)]
    count = sum(diagonal)
    least = float(beta.ppf((1 - LEVEL) / 2, count, 1))
    chance = sum((one / count) ** 2 for one in diagonal)
    return (least - chance) / (1 - chance)
