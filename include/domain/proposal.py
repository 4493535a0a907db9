"""What an inspection comes to, as the house proposes it: a grade and a route. A person may overrule it."""

from dataclasses import dataclass

NEVER_SOLD = frozenset({"wrong_item", "fraud_suspected"})


@dataclass(frozen=True, slots=True)
class Answers:
    """The four answers of the checklist and what was found."""

    packaging_intact: bool
    complete: bool
    documents: bool
    signs_of_use: bool
    finding: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """The condition and what is done with it."""

    grade: str
    route: str


def propose(seen: Answers) -> Proposal:
    """Return what follows from the answers. Used or broken goods never get a route that ends as a Kaspi offer."""
    if seen.finding in NEVER_SOLD:
        return Proposal("D", "write_off")
    if seen.finding == "defective":
        return Proposal("C", "repair")
    if seen.signs_of_use:
        return Proposal("C", "off_kaspi")
    if seen.packaging_intact and seen.complete and seen.documents and seen.finding != "damaged_in_transit":
        return Proposal("A", "main")
    return Proposal("B", "resale")
