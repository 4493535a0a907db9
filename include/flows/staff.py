"""Give people their roles, and take them away. Every change is kept with who made it."""

import datetime as dt
from typing import Any, get_args

from include.db.connection import Connection
from include.db.statements import run
from include.domain.staff import EVERY_MERCHANT, Role, Staff
from include.flows.desk_access import NotAllowed, Refused

LONGEST_NAME = 100


def grant(conn: Connection, user_name: str, merchant_id: str, role: Role, *, actor: str, now: dt.datetime) -> bool:
    """Give a user of Airflow a role for a merchant, or ``*``; return False where he had it already.

    Raises :class:`Refused` for a role or a merchant that is none, and without a name.
    """
    if role not in get_args(Role):
        raise Refused("unknown_role", f"{role!r} is none of the roles {', '.join(get_args(Role))}")
    with conn.transaction():
        if (
            merchant_id != EVERY_MERCHANT
            and run(conn, "core/merchant__one", merchant_id=merchant_id).fetchone() is None
        ):
            raise Refused("unknown_merchant", f"there is no merchant {merchant_id!r}")
        changed = run(
            conn,
            "ops/staff_role__grant",
            user_name=_name(user_name),
            merchant_id=merchant_id,
            role=role,
            actor=_name(actor),
            now=now,
        )
        return changed.rowcount == 1


def revoke(conn: Connection, user_name: str, merchant_id: str, *, actor: str, now: dt.datetime) -> bool:
    """Take a user's role for a merchant, or ``*``, away; return False where he had none."""
    with conn.transaction():
        taken = run(
            conn,
            "ops/staff_role__revoke",
            user_name=_name(user_name),
            merchant_id=merchant_id,
            actor=_name(actor),
            now=now,
        )
        return taken.rowcount == 1


def set_role(
    conn: Connection, staff: Staff, user_name: str, merchant_id: str, role: Role | None, now: dt.datetime
) -> bool:
    """Give a role on behalf of a supervisor of that merchant; None takes it away. Only one of all gives one of all."""
    if not staff.may("supervisor", merchant_id):
        raise NotAllowed(f"{staff.user_name} is no supervisor for {merchant_id}")
    if role is None:
        return revoke(conn, user_name, merchant_id, actor=staff.user_name, now=now)
    return grant(conn, user_name, merchant_id, role, actor=staff.user_name, now=now)


def roles(conn: Connection, staff: Staff | None = None) -> list[dict[str, Any]]:
    """Return who may do what: user_name, merchant_id, role, granted_by, granted_at.

    To a person of the desk only of the merchants that he supervises.
    """
    rows = run(conn, "ops/staff_role__all").fetchall()
    if staff is None:
        return rows
    if not any(staff.may("supervisor", merchant_id) for merchant_id in staff.roles):
        raise NotAllowed(f"{staff.user_name} is no supervisor")
    return [row for row in rows if staff.may("supervisor", row["merchant_id"])]


def changes(conn: Connection, user_name: str | None = None) -> list[dict[str, Any]]:
    """Return the changes of roles, of one user or of all, oldest first."""
    return run(conn, "ops/staff_role_change", user_name=user_name).fetchall()


def _name(text: str) -> str:
    name = text.strip()
    if not name or len(name) > LONGEST_NAME:
        raise Refused("no_name", f"a name has 1 to {LONGEST_NAME} letters")
    return name
