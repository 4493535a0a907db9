"""The life of a notice: what a try makes of it, when it is tried again, and who decides where nobody knows."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

TRIES = 8
FIRST_PAUSE = dt.timedelta(minutes=1)
LONGEST_PAUSE = dt.timedelta(hours=2)


class Status(StrEnum):
    """Where a notice is. Only ``SENT`` and ``DISMISSED`` are ends; ``UNKNOWN`` and ``DEAD`` wait for a person."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    DEAD = "dead"
    DISMISSED = "dismissed"


UNDECIDED = frozenset({Status.UNKNOWN, Status.DEAD})
# What a person may decide: of which notices, and what it makes of them. What surely was not sent cannot be called sent.
DECISIONS: Mapping[str, tuple[frozenset[Status], Status]] = {
    "again": (UNDECIDED, Status.QUEUED),
    "sent": (frozenset({Status.UNKNOWN}), Status.SENT),
    "dismissed": (UNDECIDED, Status.DISMISSED),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a notice becomes: its status, when it is tried again, the reason's code, whether it may have arrived."""

    status: Status
    next_try_at: dt.datetime
    reason: str | None = None
    doubtful: bool = False


def pause(tries: int) -> dt.timedelta:
    """Return how long to wait after that many tries: twice as long each time, up to a bound."""
    return min(FIRST_PAUSE * (1 << min(tries - 1, 20)), LONGEST_PAUSE)


@dataclass(frozen=True, slots=True)
class Tried:
    """A notice as it stands after a try: how many there were, until when it is news, whether one may have arrived.

    ``doubtful``: the answer to an earlier try was lost, and no person has looked at it since.
    """

    tries: int
    expires_at: dt.datetime
    doubtful: bool = False


def after_try(outcome: Status, reason: str | None, tried: Tried, now: dt.datetime, *, deduplicates: bool) -> Verdict:
    """Return what a notice becomes after a try that ended as ``outcome`` (sent, queued, unknown or dead).

    ``queued`` says that this try surely did not send it. ``unknown`` is tried again only where the channel removes
    repeated messages (``deduplicates``); so is what was not sent yet, until its tries or its time are over. What may
    have arrived by an earlier try never becomes ``dead``.
    """
    if outcome is Status.SENT:
        return Verdict(Status.SENT, now)
    doubtful = tried.doubtful or outcome is Status.UNKNOWN
    next_try = now + pause(tried.tries)
    left = tried.tries < TRIES and next_try < tried.expires_at
    if left and outcome is not Status.DEAD and (deduplicates or not doubtful):
        return Verdict(Status.QUEUED, next_try, reason, doubtful)
    return Verdict(Status.UNKNOWN if doubtful else Status.DEAD, now, reason, doubtful)
