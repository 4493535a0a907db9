"""Claims against the carrier: opened, corrected and expired by the facts, sent and settled by people.

Facts and people change a claim under the lock of its unit, one after the other. Every change is a row of
``core.claim_event`` with its actor; ``core.claim`` is the newest of them.
"""

import datetime as dt
import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from include.db.connection import Connection
from include.db.copying import copy_rows
from include.db.statements import run as run_statement
from include.domain.claims import (
    BACK,
    OPEN,
    STEPS,
    Facts,
    Verdict,
    Windows,
    judge,
    lost_because,
    noted,
    status_by_facts,
)
from include.domain.identity import stable_id
from include.locale.words import Words
from include.reports.claim_packet import Packet, Photo, packet_pdf

BY_FACTS = "pipeline"
CURSOR = "flow/claims"
# Who recorded events beside us may have committed a little after we looked.
OVERLAP = dt.timedelta(hours=1)
EVENT_COLUMNS = (
    "unit_id", "merchant_id", "claim_id", "seq", "status", "tier", "amount", "due_at", "why", "missing", "notes",
    "happened_at", "money", "lost_because", "note", "actor", "recorded_at",
)  # fmt: skip
JUDGED = ("status", "tier", "amount", "due_at", "why", "missing", "notes", "lost_because")
LONGEST_NOTE = 500
MOST_PHOTOS = 20  # of a packet
OF_CLAIM = (
    "due_at", "tier", "amount", "price", "why", "notes", "order_code", "waybill", "return_label", "carrier", "city",
    "same_city", "return_kind", "sku", "unit_label", "return_order_no", "received_at", "received_by", "act_note",
    "dock_note", "inspected_at", "inspected_by",
)  # fmt: skip
OF_INSPECTION = ("finding", "grade", "packaging_intact", "complete", "documents", "signs_of_use")


class ClaimRefused(ValueError):
    """A person's step that cannot be; ``code`` says why, for the page to put into words."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says became of a claim. ``money`` is what the carrier accepted or paid, in tenge."""

    status: str
    actor: str
    now: dt.datetime
    happened_at: dt.datetime | None = None
    money: int | None = None
    note: str | None = None


def claim_id(unit_id: UUID) -> UUID:
    """Return the id of a unit's claim: there is one at most."""
    return stable_id("claim", unit_id)


def refresh_merchant(conn: Connection, merchant_id: str, now: dt.datetime) -> dict[str, int]:
    """Judge what may have changed since the last look, and every open claim; raise and end alerts.

    Runs inside the caller's transaction. A run whose clock is behind judges what it booked itself, by the time of the
    newest look: a deadline that is over stays over. Returns how many claims were ``opened``, ``changed`` and ``lost``.
    """
    cursor = run_statement(conn, "ops/cursor__of", source=CURSOR).fetchall()
    seen = {row["part"]: dt.datetime.fromisoformat(row["cursor"]) for row in cursor}.get(merchant_id)
    since = min(seen - OVERLAP, now) if seen else dt.datetime.min.replace(tzinfo=dt.UTC)
    as_of = max(seen, now) if seen else now
    rows = run_statement(conn, "core/claim__to_judge", merchant_id=merchant_id, since=since).fetchall()
    counts = refresh(conn, [row["unit_id"] for row in rows], as_of)
    run_statement(conn, "ops/alert__claims", merchant_id=merchant_id, now=as_of)
    run_statement(conn, "ops/cursor", source=CURSOR, part=merchant_id, cursor=as_of.isoformat(), now=as_of)
    return counts


def refresh(conn: Connection, unit_ids: Collection[UUID], now: dt.datetime) -> dict[str, int]:
    """Judge the claims of these units and write down what changed, inside the caller's transaction.

    A unit that another transaction works at is left to it. The same facts at the same time change nothing.
    """
    counts = {"opened": 0, "changed": 0, "lost": 0}
    if not unit_ids:
        return counts
    locked = [row["unit_id"] for row in run_statement(conn, "core/claim__lock", unit_ids=list(unit_ids))]
    windows = _windows(conn)
    events = []
    for row in run_statement(conn, "core/claim__facts", unit_ids=locked).fetchall():
        event = _event_by_facts(row, judge(facts_of(row), windows), now)
        if event is None:
            continue
        events.append(event)
        counts["opened" if row["seq"] is None else "changed"] += 1
        counts["lost"] += event["status"] == "expired"
    _write(conn, events)
    if lost := [event["claim_id"] for event in events if event["status"] == "expired"]:
        run_statement(conn, "ops/alert__claims_lost", claim_ids=lost, now=now)
    return counts


def change(conn: Connection, claim: UUID, said: Said) -> None:
    """Write down what a person says became of a claim, in a transaction of its own.

    Raises :class:`ClaimRefused` where the claim's state, its deadline or the amount do not allow it.
    """
    with conn.transaction():
        if run_statement(conn, "core/claim__lock_one", claim_id=claim).fetchone() is None:
            raise ClaimRefused("no_such_claim", f"there is no claim {claim}")
        row = run_statement(conn, "core/claim__one", claim_id=claim).fetchone()
        assert row is not None
        _check(row, said)
        event = {
            **{name: row[name] for name in JUDGED},
            "unit_id": row["unit_id"],
            "merchant_id": row["merchant_id"],
            "claim_id": claim,
            "seq": row["seq"] + 1,
            "status": said.status,
            "happened_at": said.happened_at or said.now,
            "money": said.money,
            "lost_because": None,
            "note": said.note.strip()[:LONGEST_NOTE] if said.note and said.note.strip() else None,
            "actor": said.actor,
            "recorded_at": said.now,
        }
        _write(conn, [event])
        run_statement(conn, "ops/alert__claims", merchant_id=row["merchant_id"], now=said.now)


def _check(row: dict[str, Any], said: Said) -> None:
    """Refuse a step that the state, the time or the money does not allow."""
    if not said.actor.strip():
        raise ClaimRefused("no_actor", "whoever changes a claim has a name")
    back = BACK.get(row["status"]) == said.status
    if not back and row["status"] not in STEPS.get(said.status, ()):
        raise ClaimRefused("not_now", f"a claim that is {row['status']} cannot become {said.status}")
    if back and not (said.note or "").strip():
        raise ClaimRefused("why", "a step back is explained: say what was wrong")
    at = said.happened_at or said.now
    if at > said.now or (row["received_at"] and at < row["received_at"]):
        raise ClaimRefused("when", f"{at.isoformat()} is not between the receipt and now")
    if said.status == "sent" and not back and at >= row["due_at"]:
        raise ClaimRefused("too_late", f"the deadline was {row['due_at'].isoformat()}: say when it was sent")
    if not back and said.status in ("accepted", "paid") and (said.money is None or said.money < 0):
        raise ClaimRefused("how_much", "say how many tenge the carrier accepted or paid")


def claim_of(conn: Connection, unit_id: UUID) -> dict[str, Any]:
    """Return ``verdict`` (a :class:`Verdict`: is it a claim, and why) of a unit, and its ``claim`` row or None.

    Raises LookupError for a unit that is not known.
    """
    row = run_statement(conn, "core/claim__facts", unit_ids=[unit_id]).fetchone()
    if row is None:
        raise LookupError(f"no unit {unit_id} is known")
    claim = None if row["seq"] is None else one(conn, row["claim_id"])
    return {"verdict": judge(facts_of(row), _windows(conn)), "claim": claim}


def one(conn: Connection, claim: UUID) -> dict[str, Any] | None:
    """Return a claim as it stands with what it is about and its ``history``; None where there is none of that id."""
    row = run_statement(conn, "core/claim__one", claim_id=claim).fetchone()
    if row is None:
        return None
    return {**row, "history": run_statement(conn, "core/claim__history", claim_id=claim).fetchall()}


def claims_due(
    conn: Connection,
    merchants: Collection[str],
    statuses: Iterable[str] = OPEN,
    *,
    category: str | None = None,
    supplier: str | None = None,
    after: UUID | None = None,
    shown: int = 50,
) -> list[dict[str, Any]]:
    """Return claims of these merchants: open ones by their deadline, the others by when they last changed."""
    return run_statement(
        conn, "core/claim__listed", merchants=list(merchants), statuses=sorted(statuses), category=category,
        supplier=supplier, after=after, shown=shown,
    ).fetchall()  # fmt: skip


def facts_of(row: dict[str, Any]) -> Facts:
    """Return the facts of a row of ``core.claim_facts``."""
    seen = row["inspection"] or {}
    return Facts(
        received_at=row["received_at"] if row["is_here"] else None,
        has_order=row["order_id"] is not None,
        carried=_carried(row),
        act_note=row["act_note"],
        same_city=row["same_city"],
        finding=seen.get("finding"),
        packaging_intact=seen.get("packaging_intact"),
        defects=tuple(seen.get("defects") or ()),
        damage_extent=seen.get("damage_extent"),
        signs_of_use=seen.get("signs_of_use"),
        photos=row["photos"],
        price=row["price"],
        return_kind=row["return_kind"],
        stated_reason=row["stated_reason"],
        dock_note=row["dock_note"],
        lost_accessory=bool(seen.get("lost_accessory")),
        main_part_missing=bool(seen.get("main_part_missing")),
    )


def _carried(row: dict[str, Any]) -> bool | None:
    """Tell whether Kaspi carried the parcel: a waybill or its return label says so, an order fetched by hand not."""
    if row["waybill"] or row["return_label"]:
        return True
    return False if row["delivery_mode"] == "DELIVERY_PICKUP" else None


def _event_by_facts(row: dict[str, Any], verdict: Verdict, now: dt.datetime) -> dict[str, Any] | None:
    """Return the row that the facts ask for; None where nothing changed."""
    status = status_by_facts(row["status"], row["due_at"], verdict, now)
    if status is None or (row["status"] is not None and status not in OPEN | {"expired", "withdrawn"}):
        return None
    due_at: dt.datetime = verdict.due_at or row["due_at"]
    judged: dict[str, Any] = {
        "status": status,
        "tier": verdict.tier,
        "amount": verdict.amount,
        "due_at": due_at,
        "why": list(verdict.why),
        "missing": list(verdict.missing),
        "notes": list(verdict.notes),
        "lost_because": None,
    }
    if status == "expired":
        judged["lost_because"] = row["lost_because"] or lost_because(
            due_at, row["known_at"], row["inspection_known_at"], has_note=noted(row["act_note"])
        )
    if row["seq"] is not None and all(judged[name] == row[name] for name in JUDGED):
        return None
    return {
        **judged,
        "unit_id": row["unit_id"],
        "merchant_id": row["merchant_id"],
        "claim_id": claim_id(row["unit_id"]),
        "seq": (row["seq"] or 0) + 1,
        "happened_at": due_at if status == "expired" else now,
        "money": None,
        "note": None,
        "actor": BY_FACTS,
        "recorded_at": now,
    }


def _write(conn: Connection, events: list[dict[str, Any]]) -> None:
    if events:
        run_statement(conn, "core/claim__stage")
        copy_rows(
            conn, "stage_claim_event", EVENT_COLUMNS, (tuple(event[name] for name in EVENT_COLUMNS) for event in events)
        )
        run_statement(conn, "core/claim")


def defect_names(conn: Connection, row: dict[str, Any], language: str) -> list[str]:
    """Return the defects of a claim's inspection in words; one that no checklist knows is as it was written."""
    codes = (row["inspection"] or {}).get("defects") or ()
    known = run_statement(conn, "core/defect__named", category=row["category"], codes=list(codes)).fetchall()
    names = {one["code"]: one[f"name_{language}"] for one in known}
    return [names.get(code, code) for code in codes]


def _windows(conn: Connection) -> Windows:
    row = run_statement(conn, "core/claim__settings").fetchone()
    if row is None or None in row.values():
        raise KeyError(f"ops.setting lacks a clock of claims ({row}): a migration was not applied")
    return Windows(**row)


def packet(conn: Connection, claim: UUID, now: dt.datetime, language: Words) -> bytes | None:
    """Return the claim's packet as a PDF, ready to send; None where there is no such claim."""
    row = run_statement(conn, "core/claim__one", claim_id=claim).fetchone()
    if row is None:
        return None
    photos = run_statement(conn, "core/claim__photos", unit_id=row["unit_id"], most=MOST_PHOTOS).fetchall()
    seen: dict[str, Any] = row["inspection"] or {}
    told: dict[str, Any] = {name: row[name] for name in OF_CLAIM} | {name: seen.get(name) for name in OF_INSPECTION}
    return packet_pdf(
        Packet(
            claim_id=str(claim),
            merchant=row["merchant_name"],
            as_of=now,
            product=row["product_name"],
            **told,
            defects=defect_names(conn, row, language.language),
            photos=[
                Photo(bytes(one["jpeg"]), one["taken_at"], one["actor"], hashlib.sha256(one["jpeg"]).hexdigest())
                for one in photos
            ],
        ),
        language,
    )
