"""Put records that cannot be used aside, with the reason and a pointer."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from include.db.connection import Connection
from include.db.copying import copy_rows
from include.db.statements import run

REPLAYABLE = ("kaspi/order", "kaspi_returns_ingest", "warehouse_receipts_reconcile")


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
    """Store ``rejects`` inside the caller's transaction; a known one is a no-op. Return how many came."""
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


def replay(conn: Connection, merchant_id: str, source: str) -> int:
    """Let what was put aside be judged again; return how many records that are.

    ``source`` is the quarantine's: orders (``kaspi/order``, ``kaspi_returns_ingest``) are read again by the next sweep
    that covers them, warehouse events (``warehouse_receipts_reconcile``) by the next run. Other sources have to be
    sent again by whoever sent them.
    """
    if source not in REPLAYABLE:
        raise ValueError(f"{source} cannot be replayed from here, only {', '.join(REPLAYABLE)}: send the record again")
    with conn.transaction():
        return run(conn, "ops/quarantine__replay", merchant_id=merchant_id, source=source).rowcount
