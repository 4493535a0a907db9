"""What an inspection comes to, as the house proposes it: a grade, a route, a zone. A person may overrule it.

The first that fits decides: what may not be sold, what does not work, what was used, what only needs packaging.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

NEVER_SOLD = frozenset({"wrong_item", "fraud_suspected"})
# Where goods of a route wait for what is next.
PURPOSE_OF_ROUTE: Mapping[str, str] = {
    "main": "resellable",
    "resale": "resellable",
    "off_kaspi": "resellable",
    "repair": "repair",
    "supplier": "unrecoverable",
    "write_off": "unrecoverable",
}


@dataclass(frozen=True, slots=True)
class Defect:
    """A defect of the checklist: its ``kind`` says what it takes away, ``repairable`` whether a part mends it."""

    kind: str
    repairable: bool = False
    main_part: bool = False


@dataclass(frozen=True, slots=True)
class Answers:
    """The four answers of the checklist, what was found, and the defects that were ticked."""

    packaging_intact: bool
    complete: bool
    documents: bool
    signs_of_use: bool
    finding: str
    defects: Sequence[Defect] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """The condition, what is done with it, and the purpose of the zone it is put into."""

    grade: str
    route: str
    zone: str


def propose(seen: Answers) -> Proposal:
    """Return what follows from the answers. Used or broken goods never get a route that ends as a Kaspi offer."""
    if seen.finding in NEVER_SOLD:
        return Proposal("D", "write_off", "quarantine" if seen.finding == "wrong_item" else "unrecoverable")
    if broken := [one for one in seen.defects if one.kind in ("functional", "cosmetic")]:
        return _broken(seen, broken)
    if seen.finding == "defective":
        return _put("C", "repair")
    if seen.signs_of_use or any(one.kind == "hygiene" for one in seen.defects):
        return _put("C", "off_kaspi")
    if _as_new(seen):
        return _put("A", "main")
    return _put("B", "resale")


def _broken(seen: Answers, broken: list[Defect]) -> Proposal:
    """Judge goods that are not whole: what cannot be mended goes to whoever answers for it, or is written off."""
    if any(one.main_part for one in broken) or not all(one.repairable or one.kind == "cosmetic" for one in broken):
        return _put("D", "supplier" if seen.finding == "defective" else "write_off")
    if any(one.repairable for one in broken):
        return _put("C", "repair")
    return _put("C", "off_kaspi")


def _as_new(seen: Answers) -> bool:
    whole = seen.packaging_intact and seen.complete and seen.documents
    return whole and not seen.defects and seen.finding not in ("damaged_in_transit", "incomplete")


def _put(grade: str, route: str) -> Proposal:
    return Proposal(grade, route, PURPOSE_OF_ROUTE[route])
