"""Which cause a return is put down to, and how sure we are: the buyer's word and the inspector's eyes.

Three columns never mix: the stated reason stays what was said, the finding what was seen, the cause is decided here.
Whoever holds the piece outranks whoever sent it back, but only in what can be seen on the piece.
"""

from include.domain.reasons import OWNERS, UNKNOWN

NO_FAULT = "no_fault"

# An inspector can see these on the piece itself.
VISIBLE = frozenset({"defective", "damaged_in_transit", "incomplete", "wrong_item", "fraud_suspected"})

AGREED = 0.95
SEEN = 0.9
SEEN_FRAUD = 0.7
TOLD_AND_NOT_CONTRADICTED = 0.8
INSPECTOR_READ_IT = 0.7
TOLD_ONLY = 0.5
NOTHING_FOUND = 0.4


def decide_cause(stated_reason: str, finding: str | None) -> tuple[str, float]:
    """Return (cause, confidence from 0 to 1) from the mapped stated reason and the inspector's finding.

    ``finding`` is one of the causes, ``no_fault``, or None before the inspection. A finding of another
    vocabulary counts as none: the buyer's word then decides, with the confidence of a word alone.
    """
    stated = stated_reason if stated_reason in OWNERS else UNKNOWN
    if finding == NO_FAULT:
        return _nothing_found(stated)
    if finding is None or finding not in OWNERS or finding == UNKNOWN:
        return (stated, TOLD_ONLY) if stated != UNKNOWN else (UNKNOWN, 0.0)
    if finding == stated:
        return finding, AGREED
    if finding == "fraud_suspected":
        return finding, SEEN_FRAUD
    if finding in VISIBLE:
        return finding, SEEN
    # What only the buyer can know (taste, size, lateness): the inspector concluded it from the papers.
    return finding, INSPECTOR_READ_IT


def _nothing_found(stated: str) -> tuple[str, float]:
    """Decide for a faultless piece: a visible fault that was stated is contradicted by the piece."""
    if stated == UNKNOWN:
        return UNKNOWN, 0.0
    if stated in VISIBLE:
        return "changed_mind", NOTHING_FOUND
    return stated, TOLD_AND_NOT_CONTRADICTED
