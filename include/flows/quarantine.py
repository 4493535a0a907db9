"""Put records that cannot be used aside, with the reason and a pointer."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from include.db.connection import Connection
from include.db.copying import copy_rows
from include.db.statements import run


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
