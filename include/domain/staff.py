"""Who may do what. Airflow says who somebody is; what he may do is a role for a merchant, or for all of them."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from include.domain.unit_life import person

Role = Literal["viewer", "operator", "inspector", "supervisor"]
ROLES: tuple[Role, ...] = ("viewer", "operator", "inspector", "supervisor")  # each may do what those before it may
EVERY_MERCHANT = "*"

# What a warehouse event needs of whoever sends it from the desk.
NEEDED: Mapping[str, Role] = {
    "received": "operator",
    "missing_from_parcel": "operator",
    "moved": "operator",
    "picked": "operator",
    "stock_counted": "operator",
    "inspected": "inspector",
    "second_look": "inspector",
    "repacked": "inspector",
    "in_repair": "inspector",
    "repaired": "inspector",
    "qc": "inspector",
    "voided": "operator",  # his own, and for a few minutes; a supervisor others' too
    "unrecoverable": "supervisor",
    "written_off": "supervisor",
    "to_supplier": "supervisor",
    "disposed": "supervisor",
    "returned_to_buyer": "supervisor",
    "listed": "supervisor",
    "sold_off_kaspi": "supervisor",
}


@dataclass(frozen=True, slots=True)
class Staff:
    """A user of Airflow and his role for each merchant; ``*`` stands for every merchant."""

    user_name: str
    roles: Mapping[str, Role] = field(default_factory=dict)

    def role(self, merchant_id: str) -> Role | None:
        """Return the highest role he has for the merchant; None: he may not even look."""
        held = [role for key in (merchant_id, EVERY_MERCHANT) if (role := self.roles.get(key))]
        return max(held, key=ROLES.index, default=None)

    def may(self, role: Role, merchant_id: str) -> bool:
        """Tell whether he may do for the merchant what needs ``role``."""
        held = self.role(merchant_id)
        return held is not None and ROLES.index(held) >= ROLES.index(role)

    def may_void(self, merchant_id: str, actor: str, recorded_at: dt.datetime, now: dt.datetime, minutes: int) -> bool:
        """Tell whether he may take back a step: his own for some minutes, as a supervisor everybody's."""
        if self.may("supervisor", merchant_id):
            return True
        own = self.may(NEEDED["voided"], merchant_id) and person(actor) == person(self.user_name)
        return own and now - recorded_at <= dt.timedelta(minutes=minutes)

    def merchants(self, among: list[str]) -> list[str]:
        """Return those of ``among`` whose goods he may see."""
        return [merchant_id for merchant_id in among if self.may("viewer", merchant_id)]
