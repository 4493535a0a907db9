"""Draw the inspections that are looked at again, keep what the second inspector saw, and say how far both agree."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from include.db.connection import Connection
from include.db.copying import copy_rows
from include.db.statements import run, uuids
from include.domain.second_look import BLIND_ROLE, drawn, may_look
from include.domain.staff import Staff

COLUMNS = (
    "inspection_id", "second_actor", "looked_at", "source", "event_id", "packaging_intact", "complete", "documents",
    "signs_of_use", "defects", "grade", "finding", "route",
)  # fmt: skip


MEASURES = ("grade", "finding", "route", "signs_of_use")
# What the first look came to, in the columns of a unit.
FOUND = ("grade", "route", "finding", "cause", "signs_of_use")


def draw(conn: Connection, event_ids: Collection[UUID], now: dt.datetime) -> int:
    """Draw from the inspections among these booked events, in the caller's transaction; return how many are drawn.

    Only in warehouses with a desk: nobody could look again elsewhere. Drawing again draws nothing more.
    """
    settings = {row["name"]: row["value"] for row in run(conn, "core/second_look__settings")}
    share, seed = float(settings["second_look_share"]), str(settings["second_look_seed"])
    if not share or not event_ids:
        return 0
    inspections = run(conn, "core/second_look__inspections", event_ids=uuids(event_ids)).fetchall()
    chosen = [row["inspection_id"] for row in inspections if drawn(row["unit_id"], seed, share)]
    return run(conn, "core/second_look", inspection_ids=chosen, now=now).rowcount if chosen else 0


def keep(conn: Connection, looks: Sequence[tuple[Any, ...]]) -> int:
    """Keep second looks (in the order of COLUMNS) in the caller's transaction; return how many."""
    if not looks:
        return 0
    run(conn, "core/second_look__stage")
    copy_rows(conn, "stage_second_look", COLUMNS, looks)
    return run(conn, "core/second_look__looked").rowcount


def agreements(conn: Connection, merchant_ids: Collection[str], measure: str = "grade") -> list[dict[str, Any]]:
    """Return how far second looks agree with the first ones, of all, of each category and of each first inspector.

    ``measure`` is grade, finding, route or signs_of_use. Rows: dimension, key, pairs, agreed, kappa, lo, hi, note.
    """
    from include.analytics.agreement import agreement

    if measure not in MEASURES:
        raise ValueError(f"second looks are compared by {', '.join(MEASURES)}, not by {measure!r}")
    rows = run(conn, "core/second_look__pairs", merchant_ids=list(merchant_ids)).fetchall()
    groups: dict[tuple[str, str], list[tuple[str, str]]] = {("all", "*"): []}
    for row in rows:
        pair = (str(row[f"first_{measure}"]), str(row[f"second_{measure}"]))
        for key in (("all", "*"), ("category", row["category"]), ("inspector", row["first_actor"])):
            groups.setdefault(key, []).append(pair)
    return [
        {"dimension": dimension, "key": key, **asdict(agreement(pairs))}
        for (dimension, key), pairs in sorted(groups.items())
    ]


def waits_for(conn: Connection, staff: Staff, units: Sequence[dict[str, Any]]) -> set[UUID]:
    """Return which of these units wait for a second look that this person may take: he is to see nothing of them."""
    may = {unit["unit_id"]: unit["merchant_id"] for unit in units if staff.role(unit["merchant_id"]) == BLIND_ROLE}
    if not may:
        return set()
    rows = run(conn, "core/second_look__open", unit_ids=sorted(may))
    return {
        row["unit_id"]
        for row in rows
        if may_look(staff.role(may[row["unit_id"]]), staff.user_name, row["first_actor"], row["worked_by"])
    }


def hidden_from(conn: Connection, staff: Staff, merchant_ids: Collection[str]) -> list[UUID]:
    """Return all units of these merchants that wait for a second look he may take: he is to count none of them."""
    may = [merchant_id for merchant_id in merchant_ids if staff.role(merchant_id) == BLIND_ROLE]
    rows = run(conn, "core/second_look__waiting", merchant_ids=may) if may else ()
    return [
        row["unit_id"] for row in rows if may_look(BLIND_ROLE, staff.user_name, row["first_actor"], row["worked_by"])
    ]


def as_seen_by(conn: Connection, staff: Staff, units: dict[UUID, dict[str, Any]]) -> dict[UUID, dict[str, Any]]:
    """Return these units, each as this person may see it."""
    blind = waits_for(conn, staff, list(units.values()))
    return {unit_id: without_findings(unit) if unit_id in blind else unit for unit_id, unit in units.items()}


def without_findings(unit: dict[str, Any]) -> dict[str, Any]:
    """Return a unit without anything that its first inspection says; where it lies is told, for it must be found."""
    return {**unit, **dict.fromkeys(FOUND), "blind": True}
