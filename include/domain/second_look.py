"""A random slice of inspections is looked at again by somebody who is told nothing of the first look."""

import hashlib
from uuid import UUID

from include.domain.unit_life import person


def drawn(unit_id: UUID, seed: str, share: float) -> bool:
    """Tell whether a unit's inspection is looked at again: by the unit and the seed alone, so a re-run draws the same.

    A larger ``share`` keeps what a smaller one drew. Raises ValueError for a share outside 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"the share of second looks is {share}, which is not between 0 and 1: correct the setting")
    digest = hashlib.sha256(f"{seed}\x1f{unit_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


BLIND_ROLE = "inspector"  # a supervisor sees what the first one found


def may_look(role: str | None, user_name: str, first_actor: str, worked_by: list[str] | None) -> bool:
    """Tell whether a person may take the second look: an inspector who had no hand in the first."""
    return role == BLIND_ROLE and person(user_name) not in map(person, (first_actor, *(worked_by or ())))
