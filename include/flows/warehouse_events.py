"""Warehouse events as they are kept first: raw, once, in the order of arrival."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from psycopg.types.json import Jsonb

from include.db.connection import Connection
from include.db.copying import copy_rows
from include.db.statements import run

HEAD = ("event_id", "merchant_id", "type", "occurred_at", "actor", "store_id")
RAW_COLUMNS = (
    "source", "event_id", "merchant_id", "type", "occurred_at", "actor", "store_id", "payload", "received_at",
)  # fmt: skip


def keep_raw(conn: Connection, source: str, events: Iterable[Mapping[str, Any]], now: dt.datetime) -> int:
    """Store events that keep the contract, inside the caller's transaction; return how many were not here before."""
    run(conn, "raw/stage_wms_event")
    copy_rows(conn, "stage_wms_event", RAW_COLUMNS, (_raw_row(source, event, now) for event in events))
    return run(conn, "raw/wms_event").rowcount


def _raw_row(source: str, event: Mapping[str, Any], now: dt.datetime) -> tuple[Any, ...]:
    payload = {name: value for name, value in event.items() if name not in HEAD}
    return (
        source, event["event_id"], event["merchant_id"], event["type"],
        dt.datetime.fromisoformat(event["occurred_at"]), event.get("actor"), event.get("store_id"), Jsonb(payload), now,
    )  # fmt: skip
