"""Who stands at which desk, and what he may do there."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from include.db.connection import Connection
from include.db.statements import run
from include.domain.staff import Role, Staff


class DeskError(Exception):
    """The desk does not do what was asked."""


class NotAllowed(DeskError):
    """Whoever asks has no role that allows it."""


class NotFound(DeskError):
    """There is no such thing."""


class Refused(DeskError):
    """It was understood and cannot be done; ``reason_code`` says why, for a page that speaks three languages."""

    def __init__(self, reason_code: str, text: str) -> None:
        super().__init__(text)
        self.reason_code = reason_code
        self.text = text


@dataclass(frozen=True, slots=True)
class Desk:
    """The desk of a warehouse. ``stores`` are merchant_id, name, store_id of all whose goods come here.

    ``zones`` maps a zone to its purpose; whoever recorded a step may void it for ``void_minutes``.
    """

    source: str
    warehouse: str
    system_of_record: dict[str, str]
    stores: list[dict[str, str]]
    zones: dict[str, str]
    void_minutes: int

    @property
    def merchant_ids(self) -> list[str]:
        """Return the merchants of the warehouse."""
        return list(dict.fromkeys(store["merchant_id"] for store in self.stores))

    def stores_of(self, merchant_id: str) -> list[str]:
        """Return the merchant's stores whose goods lie in this warehouse."""
        return [store["store_id"] for store in self.stores if store["merchant_id"] == merchant_id]


def staff_of(conn: Connection, user_name: str) -> Staff:
    """Return what a user of Airflow may do; nothing, where nobody gave him a role."""
    roles = {row["merchant_id"]: row["role"] for row in run(conn, "ops/staff_role__of", user_name=user_name)}
    return Staff(user_name, roles)


def desk_of(conn: Connection, staff: Staff, warehouse: str) -> Desk:
    """Return a warehouse's desk. Raises NotFound where it has none, NotAllowed for who may see no merchant of it."""
    row = run(conn, "desk/desk", warehouse=warehouse).fetchone()
    if row is None:
        raise NotFound(f"the warehouse {warehouse} has no desk: take it in with tools.merchant source --kind desk")
    desk = Desk(
        row["source"], row["warehouse"], row["system_of_record"], row["stores"], row["zones"], int(row["void_minutes"])
    )
    if not staff.merchants(desk.merchant_ids):
        raise NotAllowed(f"{staff.user_name} has no role for any merchant of the warehouse {warehouse}")
    return desk


def must(staff: Staff, role: Role, merchant_id: str) -> None:
    """Raise NotAllowed unless the person may do for the merchant what needs ``role``."""
    if not staff.may(role, merchant_id):
        raise NotAllowed(f"{staff.user_name} is no {role} for this merchant")


def units_by_id(conn: Connection, unit_ids: list[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return the units as the desk shows them."""
    if not unit_ids:
        return {}
    return {row["unit_id"]: row for row in run(conn, "desk/unit", unit_ids=unit_ids)}
