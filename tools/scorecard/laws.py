"""What the sandbox's laws say: the truth behind what is counted in its frames."""

import numpy as np
import numpy.typing as npt

from include.domain.causes import NO_FAULT
from include.sandbox.frames import CAUSES, FINDINGS
from include.sandbox.returns import MISREPORTED, STATED, UNSAID, causes_at
from tools.scorecard.worlds import TABLE

Floats = npt.NDArray[np.float64]
NOT_SEEN = ("changed_mind", "late_or_undelivered")  # nothing can be seen of it on the piece


def cause_chances(merchant_id: str) -> dict[str, float]:
    """Return the chance of each cause of a customer's return."""
    causes = causes_at(merchant_id)
    whole = sum(causes.values())
    return {cause: weight / whole for cause, weight in causes.items()}


def confirmed(merchant_id: str) -> dict[str, float]:
    """Return for each word of a buyer the chance that the cause decided at the inspection is that very word."""
    said, right = dict.fromkeys(CAUSES, 0.0), dict.fromkeys(CAUSES, 0.0)
    for cause, chance in cause_chances(merchant_id).items():
        finding = FINDINGS.index(NO_FAULT if cause in NOT_SEEN else cause)
        for word, spoken in _words(cause).items():
            said[word] += chance * spoken
            if CAUSES[TABLE[CAUSES.index(word), finding]] == word:
                right[word] += chance * spoken
    return {word: right[word] / said[word] for word in CAUSES}


def _words(cause: str) -> dict[str, float]:
    """Return the chance of each word of a buyer whose true cause is this."""
    others = (1 - UNSAID) * MISREPORTED / (len(STATED) - 1)
    words = dict.fromkeys(STATED, others)
    return {**words, cause: (1 - UNSAID) * (1 - MISREPORTED), "unknown": UNSAID}
