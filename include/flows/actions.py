"""The register of preventive actions: said once, ended or withdrawn by further rows, always by somebody."""

import datetime as dt
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from include.db.connection import Connection
from include.db.statements import run
from include.domain.actions import Action, BadAction, checked
from include.domain.days import almaty_day
from include.domain.staff import Staff
from include.flows.desk_access import NotFound, must

LONGEST_NOTE = 500


def register(conn: Connection, staff: Staff, action: Action, now: dt.datetime) -> UUID:
    """Register an action and return its id; the same one again changes nothing.

    Raises NotAllowed for who is no supervisor of the merchant, :class:`BadAction` for one that says too little or is
    about goods and places that nobody knows.
    """
    must(staff, "supervisor", action.merchant_id)
    said = checked(action, almaty_day(now))
    with conn.transaction():
        if run(conn, "core/merchant__one", merchant_id=said.merchant_id).fetchone() is None:
            raise BadAction(f"there is no merchant {said.merchant_id!r}")
        scope = Jsonb(dict(said.scope))
        known = run(conn, "core/preventive_action__known_scope", merchant_id=said.merchant_id, scope=scope).fetchall()
        unknown = sorted(set(said.scope) - {row["name"] for row in known})
        if unknown:
            names = ", ".join(f"{name} {said.scope[name]!r}" for name in unknown)
            raise BadAction(f"{said.merchant_id} has sold nothing of {names}: write it as the catalogue does")
        run(
            conn, "core/preventive_action",
            action_id=said.action_id, merchant_id=said.merchant_id, kind=said.kind, scope=scope, reason=said.reason,
            hypothesis=said.hypothesis, owner=said.owner, starts_on=said.starts_on, actor=staff.user_name, now=now,
        )  # fmt: skip
    return said.action_id


def end(conn: Connection, staff: Staff, action_id: UUID, on_day: dt.date, note: str | None, now: dt.datetime) -> bool:
    """Say that orders from ``on_day`` on are not under the action any more; return False where that was said before."""
    return _add(conn, staff, action_id, "ended", on_day, note, now)


def withdraw(conn: Connection, staff: Staff, action_id: UUID, note: str | None, now: dt.datetime) -> bool:
    """Say that it was registered by mistake: it is not judged; return False where that was said before."""
    return _add(conn, staff, action_id, "withdrawn", almaty_day(now), note, now)


def actions(conn: Connection, staff: Staff, merchant_id: str | None = None) -> list[dict[str, Any]]:
    """Return the actions of the merchants that the person may see, the newest first."""
    rows = run(conn, "core/preventive_action__of_merchant", merchant_id=merchant_id).fetchall()
    return [row for row in rows if staff.may("viewer", row["merchant_id"])]


def _add(
    conn: Connection, staff: Staff, action_id: UUID, type_: str, on_day: dt.date, note: str | None, now: dt.datetime
) -> bool:
    with conn.transaction():
        row = run(conn, "core/preventive_action__one", action_id=action_id).fetchone()
        if row is None or not staff.may("viewer", row["merchant_id"]):
            raise NotFound(f"there is no action {action_id}")
        must(staff, "supervisor", row["merchant_id"])
        if on_day < row["starts_on"] and type_ == "ended":
            raise BadAction(f"it starts on {row['starts_on']} and cannot have ended on {on_day}: withdraw it instead")
        text = (note or "").strip()[:LONGEST_NOTE] or None
        done = run(
            conn, "core/preventive_action_event",
            action_id=action_id, type=type_, on_day=on_day, note=text, actor=staff.user_name, now=now,
        )  # fmt: skip
        return done.rowcount == 1
