"""Put records that cannot be used aside, with the reason and a pointer; let them be judged again, or dismiss them."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from include.db.connection import Connection
from include.db.copying import copy_rows
from include.db.statements import run
from include.flows.contacts import Sealer, keep_bodies

ORDER_SOURCES = ("kaspi/order", "kaspi_returns_ingest")
EVENT_SOURCES = ("warehouse_receipts_reconcile",)
LEDGER_SOURCES = "ledger/"  # each begins so
SENT_SOURCES = "wms/"  # each begins so: events that broke the contract when they came
FILE_SOURCE = "file/applications"
LONGEST_REASON = 500
LARGEST_BODY = 1 << 20  # bytes; an event or an order is some two thousand


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that cannot be used. ``payload`` must be free of personal data already.

    ``body`` is the record as it came, of one that nobody can be asked for again: it is kept sealed.
    """

    merchant_id: str
    source: str
    record_key: str
    reason: str
    payload: Any = None
    pointer: str | None = None
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A record that was put aside and is to be judged again, as it came."""

    id: int
    merchant_id: str
    record_key: str
    pointer: str
    payload: Any
    body: bytes


def put_aside(conn: Connection, rejects: Iterable[Reject], now: dt.datetime, sealer: Sealer | None = None) -> int:
    """Store ``rejects`` inside the caller's transaction; return how many came.

    A known one (same record, same reason) stays one row, and so does one that was judged again and failed for another
    reason: it bears the newest. It is open again, unless a person dismissed this very content. Without a ``sealer``
    no body is kept, and a record that is too large is not kept either: then its sender has to send it again.
    """
    rejects = list(rejects)
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
    if sealer:
        bodies = {
            (one.merchant_id, f"{one.source} {one.record_key}"): one.body
            for one in rejects
            if one.body is not None and len(one.body) <= LARGEST_BODY
        }
        keep_bodies(conn, bodies, sealer, now)
    return len(rows)


def due(conn: Connection, source: str, sealer: Sealer, now: dt.datetime, merchant_id: str | None = None) -> list[Kept]:
    """Return the records of a source that are to be judged again from what is kept of them; None means everybody's.

    One that was sealed with another key is put aside again, with that for a reason.
    """
    kept, shut = [], []
    for row in run(conn, "ops/quarantine__due", source=source, merchant_id=merchant_id):
        try:
            body = sealer.open_bytes(bytes(row["sealed"]))
        except ValueError as error:
            shut.append(
                Reject(row["merchant_id"], source, row["record_key"], str(error), row["payload"], row["pointer"])
            )
            continue
        kept.append(Kept(row["id"], row["merchant_id"], row["record_key"], row["pointer"], row["payload"], body))
    put_aside(conn, shut, now)
    return kept


def settle(conn: Connection, kept: Iterable[Kept], actor: str, now: dt.datetime) -> None:
    """Say that records that were judged again are settled, but for those put aside again; forget what was kept."""
    run(conn, "ops/quarantine__settled", ids=[one.id for one in kept], actor=actor, now=now)


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
    by it. An event that broke the contract (``wms/…``) is taken in anew by it from what is kept of it, sealed; so is
    the id of an order that came without a legible one. Not counted, and open as before, is what cannot be judged: of
    which nothing is kept, and what the ledger refused and no warehouse event told.

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
    if source.startswith(SENT_SOURCES):
        return "sent"
    return "ledger" if source.startswith(LEDGER_SOURCES) else None


def _named(actor: str) -> str:
    if not actor.strip():
        raise ValueError("whoever decides about a quarantined record has a name")
    return actor.strip()[:200]
