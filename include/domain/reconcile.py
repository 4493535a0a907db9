"""Expected against received: what became of one piece, whose difference it is, and how a difference ends.

``core.verdicts`` says the same of all units at once; a test holds both against each other.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from include.domain.unit_life import COMING

WRONG_ENDS = frozenset({"wrong_item", "to_supplier", "disposed", "returned_to_buyer"})


@dataclass(frozen=True, slots=True)
class Clocks:
    """After how long a piece that was expected and did not come is what."""

    overdue: dt.timedelta = dt.timedelta(days=14)
    lost: dt.timedelta = dt.timedelta(days=45)
    short: dt.timedelta = dt.timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Piece:
    """What is known of a piece: of the ledger, of the dock, and of the others that come back with it.

    ``accepted`` and ``booked`` are of the dock's scans: one that became its receipt or waits to, one that did.
    ``first_came`` is when the first piece of its return came. ``place`` and ``asked``: the how manieth received piece
    of its line it is, and how many its applications ask for; None where nobody says how many come back.
    """

    state: str
    requested_at: dt.datetime | None = None
    received_at: dt.datetime | None = None
    closed: bool = False
    accepted: bool = False
    booked: bool = False
    has_order: bool = True
    unexpected: bool = False
    names_known_goods: bool = False
    found_wrong: bool = False
    announced: bool = True
    reported_missing: bool = False
    first_came: dt.datetime | None = None
    place: int | None = None
    asked: int | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of difference: who has to act, and whether it is over when the piece has left the house."""

    owner: str
    ends_with_the_piece: bool = False


# Differences of single pieces, each a verdict.
KINDS: Mapping[str, Kind] = {
    "overdue": Kind("carrier"),
    "lost": Kind("carrier"),
    "short": Kind("carrier"),
    "missing_from_parcel": Kind("carrier"),
    "unexpected": Kind("warehouse", ends_with_the_piece=True),
    "over": Kind("merchant", ends_with_the_piece=True),
    "wrong_item": Kind("merchant", ends_with_the_piece=True),
    "no_request": Kind("merchant", ends_with_the_piece=True),
    "unproven": Kind("team", ends_with_the_piece=True),
}
# Of the dock's own work: it goes beside any verdict.
REPEATED = "duplicate_scan"
OWNERS: Mapping[str, str] = {**{name: kind.owner for name, kind in KINDS.items()}, REPEATED: "warehouse"}
NOT_CAME = ("expected", "overdue", "short", "lost", "missing_from_parcel", "cancelled")
VERDICTS = ("matched", "late", "expected", "overdue", "short", "lost", "missing_from_parcel", "unexpected", "over",
            "wrong_item", "no_request", "unproven", "cancelled")  # fmt: skip
# What a person may say of a difference that he settles.
BY_A_PERSON = ("found", "compensated", "given_up", "agreed", "mistake", "other")


def verdict(piece: Piece, clocks: Clocks, now: dt.datetime) -> str:
    """Return which of ``VERDICTS`` holds for the piece at ``now``; the surest explanation comes first."""
    if piece.received_at is None:
        return _of_expected(piece, clocks, now)
    if not piece.accepted:
        return "unproven"
    if piece.unexpected and not piece.has_order:
        return "over" if piece.names_known_goods else "unexpected"
    if piece.found_wrong and piece.state in WRONG_ENDS:
        return "wrong_item"
    if piece.place is not None and piece.asked is not None and piece.place > piece.asked:
        return "over"
    if piece.requested_at is None:
        return "matched" if piece.announced else "no_request"
    return "late" if piece.received_at > piece.requested_at + clocks.overdue else "matched"


def _of_expected(piece: Piece, clocks: Clocks, now: dt.datetime) -> str:
    if piece.booked:
        return "unproven"
    if piece.state == "cancelled":
        return "cancelled"
    if piece.state not in (*COMING, "lost"):
        return "unproven"
    if piece.reported_missing:
        return "missing_from_parcel"
    if piece.state == "lost":
        return "lost"
    if piece.first_came is not None and piece.first_came + clocks.short <= now:
        return "short"
    if piece.requested_at is not None and piece.requested_at + clocks.overdue <= now:
        return "overdue"
    return "expected"


def settled(piece: Piece, found: str) -> bool:
    """Tell whether a difference is over because the piece has left the house."""
    kind = KINDS.get(found)
    return piece.closed and kind is not None and kind.ends_with_the_piece


def resolution(kind: str, found: str, *, gone: bool = False) -> str:
    """Return how a difference of ``kind`` ended: ``found`` is the verdict now, the piece may be ``gone``."""
    if kind == found and gone:
        return "gone"
    if kind == "unproven":
        return "proven"
    if kind in NOT_CAME:
        return _end_of_absence(kind, found)
    if found in NOT_CAME:
        return "taken_back"  # the receipt itself was a mistake
    return {"no_request": "announced", "over": "asked_for"}.get(kind, "adopted")


def _end_of_absence(kind: str, found: str) -> str:
    """Return why a piece is not overdue, short, missing or lost any more."""
    if found == "late":
        return "came_late"
    if found == "matched" and kind in ("overdue", "lost"):
        return "told_late"  # it was here in time: only the word of it came late
    if found == "expected":
        return "not_due"
    return {"cancelled": "cancelled", "lost": "lost", "missing_from_parcel": "missing", "short": "short",
            "overdue": "overdue"}.get(found, "came")  # fmt: skip


def ends() -> Iterator[tuple[str, str, bool, str]]:
    """Yield every way a difference can end by the facts: its kind, the verdict then, whether it is gone, its code."""
    for kind in KINDS:
        for found in VERDICTS:
            if found != kind:
                yield kind, found, False, resolution(kind, found)
                yield kind, found, True, resolution(kind, found, gone=True)
        if KINDS[kind].ends_with_the_piece:
            yield kind, kind, True, resolution(kind, kind, gone=True)
