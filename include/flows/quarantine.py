"""Put records that cannot be used aside, with the reason and a pointer; let them be judged again, or dismiss them."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from include.db.connection import Connection
from include.db.copying import copy_rows
from include.db.statements import run

ORDER_SOURCES = ("kaspi/order", "kaspi_returns_ingest")
EVENT_SOURCES = ("warehouse_receipts_reconcile",)
LEDGER_SOURCES = "ledger/"  # each begins so
FILE_SOURCE = "file/applications"
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that cannot be used. ``payload`` must be free of personal data already."""

    merchant_id: str
    source: str
    record_key: str
    reason: str
    payload: Any = None
    pointer: str | None = None


def put_aside(conn: Connection, rejects: Iterable[Reject], now: dt.datetime) -> int:
    """Store ``rejects`` inside the caller's transaction; return how many came.

    A known one (same record, same reason) stays one row. It is open again, unless a person dismissed this very content.
    """
    rows = [
        (one.merchant_id, one.source, one.record_key, one.reason, one.pointer, Jsonb(one.payload), now)
        for one in rejects
    ]
    if rows:
        run(conn, "ops/stage_quarantine")
        copy_rows(
            conn,
            "stage_quarantine",
            ("merchant_id", "source", "record_key", "reason", "pointer", "payload", "first_seen"),
            rows,
        )
        run(conn, "ops/quarantine")
    return len(rows)


def refuse(conn: Connection, merchant_id: str, payloads: list[tuple[str, bytes]], now: dt.datetime) -> None:
    """Remember the hashes of orders that were put aside, so that an unchanged one is not judged at every sweep."""
    if payloads:
        run(conn, "raw/stage_refused_order")
        copy_rows(
            conn,
            "stage_refused_order",
            ("merchant_id", "order_id", "payload_hash", "refused_at"),
            ((merchant_id, order_id, digest, now) for order_id, digest in dict(payloads).items()),
        )
        run(conn, "raw/refused_order")


def replay(
    conn: Connection,
    merchant_id: str,
    source: str,
    *,
    ids: Sequence[int] | None = None,
    actor: str,
    now: dt.datetime,
) -> int:
    """Let what was put aside be judged again; return how many records that are.

    ``ids`` None means every open record of the merchant and source; named ones may be dismissed ones too. Orders
    (``kaspi/order``, ``kaspi_returns_ingest``) are written into ``ops.reread`` and read by their own path by the next
    run, however old they are; rows of applications (``kaspi_returns_ingest``, too) and warehouse events
    (``warehouse_receipts_reconcile``) are judged by the next run; what the ledger refused (``ledger/…``) is booked anew
    by it. An order that came without an id cannot be asked for, nor what the ledger refused and no warehouse event
    told: these are not counted and stay open.

    Raises ValueError for another source; it says who has to send the record again.
    """
    kind = _kind(source)
    if kind is None:
        remedy = "correct the file and upload it again" if source == FILE_SOURCE else "send the record again"
        raise ValueError(f"records of {source} cannot be judged again from here: {remedy}")
    with conn.transaction():
        return run(
            conn,
            "ops/quarantine__replay",
            merchant_id=merchant_id,
            source=source,
            ids=None if ids is None else list(ids),
            kind=kind,
            actor=_named(actor),
            now=now,
        ).rowcount


def replay_chosen(conn: Connection, ids: Sequence[int], actor: str, now: dt.datetime) -> tuple[int, int]:
    """Replay records of any merchants and sources; return how many are replayed and how many cannot be from here."""
    replayed = 0
    with conn.transaction():
        for group in run(conn, "ops/quarantine__groups", ids=list(ids)).fetchall():
            if replayable(group["source"]):
                replayed += replay(conn, group["merchant_id"], group["source"], ids=group["ids"], actor=actor, now=now)
    return replayed, len(set(ids)) - replayed


def dismiss(conn: Connection, ids: Sequence[int], actor: str, reason: str, now: dt.datetime) -> int:
    """Say that records are right to be ignored, and why; return how many were open or replayed until now.

    Raises ValueError without a reason: the next person must not have to guess.
    """
    if not reason.strip():
        raise ValueError("a record is dismissed for a reason: say which")
    with conn.transaction():
        return run(
            conn,
            "ops/quarantine__dismiss",
            ids=list(ids),
            actor=_named(actor),
            reason=reason.strip()[:LONGEST_REASON],
            now=now,
        ).rowcount


def replayable(source: str) -> bool:
    """Tell whether records of this source can be judged again from here."""
    return _kind(source) is not None


def _kind(source: str) -> str | None:
    if source in ORDER_SOURCES:
        return "order"
    if source in EVENT_SOURCES:
        return "event"
    return "ledger" if source.startswith(LEDGER_SOURCES) else None


def _named(actor: str) -> str:
    if not actor.strip():
        raise ValueError("whoever decides about a quarantined record has a name")
    return actor.strip()[:200]
