"""What stated reasons are worth: how often the inspection confirms them, and cause shares corrected by that.

Of a returned piece that nobody inspected yet only the buyer's word is known. Among inspected pieces we see what such a
word turned out to be; the others are split in these proportions. docs/methods/reasons.md.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from include.analytics.rates import Share, of_lines

Floats = npt.NDArray[np.float64]
PRIOR_STRENGTH = 2.0  # a reason nobody inspected yet is split like all pieces, as if two had been seen


@dataclass(frozen=True, slots=True)
class Worth:
    """What one stated reason is worth: of ``share.n`` inspected pieces the share whose cause it was."""

    reason: str
    share: Share
    mostly: str | None


@dataclass(frozen=True, slots=True)
class Corrected:
    """One cause: its share by words alone, and corrected by findings, with an interval."""

    cause: str
    stated: float
    value: float
    lo: float
    hi: float
    n: int


def worth(seen: Mapping[tuple[str, str], int], lines: Mapping[str, int]) -> list[Worth]:
    """Return what each reason is worth by counts of inspected pieces: (stated reason, cause) → pieces.

    ``lines`` are the order lines they are of, by stated reason.
    """
    found = []
    for reason in sorted({reason for reason, _ in seen}):
        causes = Counter({cause: pieces for (said, cause), pieces in seen.items() if said == reason and pieces})
        total = sum(causes.values())
        others = [(pieces, cause) for cause, pieces in causes.items() if cause != reason]
        mostly = max(others, key=lambda one: (one[0], one[1]))[1] if others else None
        found.append(Worth(reason, of_lines(causes[reason], total, lines[reason]), mostly))
    return found


def corrected(
    inspected: Mapping[tuple[str, str], int], waiting: Mapping[str, int], learned: Mapping[tuple[str, str], int]
) -> list[Corrected]:
    """Return the shares of causes among all returned pieces of a week.

    ``inspected`` (reason, cause) and ``waiting`` (reason) are the week's pieces; ``learned`` are all inspected pieces
    that what a reason is worth is learned from, the week's own among them.
    """
    total = sum(inspected.values()) + sum(waiting.values())
    if not total:
        return []
    said = Counter(waiting) + Counter[str]()
    for (reason, _), pieces in inspected.items():
        said[reason] += pieces
    causes = sorted({cause for _, cause in learned} | {cause for _, cause in inspected} | set(said))
    value, variance = split(inspected, waiting, learned, causes)
    width = np.where(variance > 0, 1.96 * np.sqrt(variance) + 0.5, 0.0)  # pieces are whole
    return [
        Corrected(
            cause,
            said[cause] / total,
            mean / total,
            max(known, mean - wide) / total,
            min(total, mean + wide) / total,
            total,
        )
        for cause, mean, wide, known in zip(
            causes, value.tolist(), width.tolist(), _known(inspected, causes), strict=True
        )
        if mean > 0 or said[cause]
    ]


def split(
    inspected: Mapping[tuple[str, str], int], waiting: Mapping[str, int], learned: Mapping[tuple[str, str], int],
    causes: list[str],
) -> tuple[Floats, Floats]:  # fmt: skip
    """Return the expected pieces of each cause and their variance: chance of the split, and how well it is known."""
    place = {cause: number for number, cause in enumerate(causes)}
    value = np.array(_known(inspected, causes), dtype=float)
    variance = np.zeros(len(causes))
    every = np.zeros(len(causes))
    for (_, cause), pieces in learned.items():
        every[place[cause]] += pieces
    overall = (every + 1 / len(causes)) / (every.sum() + 1)
    for reason, pieces in waiting.items():
        seen = PRIOR_STRENGTH * overall
        for (said, cause), count in learned.items():
            if said == reason:
                seen[place[cause]] += count
        share = seen / seen.sum()
        value += pieces * share
        # a beta-binomial's variance: the pieces are split by chance, in shares that are themselves estimated
        variance += pieces * share * (1 - share) * (1 + (pieces - 1) / (seen.sum() + 1))
    return value, variance


def _known(inspected: Mapping[tuple[str, str], int], causes: list[str]) -> list[int]:
    found = Counter[str]()
    for (_, cause), pieces in inspected.items():
        found[cause] += pieces
    return [found[cause] for cause in causes]
