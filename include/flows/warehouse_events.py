"""Warehouse events on their way in: what keeps the contract is kept raw, once, in the order of arrival."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from include.db.connection import Connection
from include.db.copying import copy_rows
from include.db.statements import run
from include.flows.contacts import Sealer
from include.flows.quarantine import SENT_SOURCES, Reject, due, put_aside, settle
from include.wms.contract import Unreadable, problems, without_strangers
from include.wms.sources import Source

HEAD = ("event_id", "merchant_id", "type", "occurred_at", "actor", "store_id")
RAW_COLUMNS = (
    "source", "event_id", "merchant_id", "type", "occurred_at", "actor", "store_id", "payload", "received_at",
)  # fmt: skip
LONGEST_KEY = 200
NOBODY = "*"  # whose an event is that does not say it


@dataclass(frozen=True, slots=True)
class Sources:
    """The warehouse sources by name, and what seals their events that cannot be used."""

    by_name: Mapping[str, Source]
    sealer: Sealer


@dataclass(frozen=True, slots=True)
class Arrived:
    """An event as it came, and the place where it was read."""

    body: bytes
    place: str


def take_in(
    conn: Connection, name: str, source: Source, arrived: Iterable[Arrived], sealer: Sealer, now: dt.datetime
) -> int:
    """Take events of a source in, inside the caller's transaction; return how many were not here before.

    One that breaks the contract, or is of nobody here, is put aside: its own fields in clear, all of it sealed.
    """
    known = {row["merchant_id"] for row in run(conn, "core/merchant__active")}
    kept: list[dict[str, Any]] = []
    rejects: list[Reject] = []
    for one in arrived:
        try:
            event = source.event(one.body)
            wrong = problems(event)
        except Unreadable as error:
            event, wrong = error.head, str(error)
        if not wrong and event["merchant_id"] not in known:
            wrong = f"merchant_id: {event['merchant_id']} is not an active merchant here"
        if wrong:
            rejects.append(_reject(f"{SENT_SOURCES}{name}", event, wrong, one))
        else:
            kept.append(event)
    put_aside(conn, rejects, now, sealer)
    return keep_raw(conn, name, kept, now)


def judge_again(conn: Connection, name: str, source: Source, sealer: Sealer, actor: str, now: dt.datetime) -> int:
    """Take in anew what of a source was put aside and is to be judged again; return how many came in.

    It goes the way of what comes now, and after it: an event that was corrected meanwhile is here already.
    """
    kept = due(conn, f"{SENT_SOURCES}{name}", sealer, now)
    if not kept:
        return 0
    came = take_in(conn, name, source, [Arrived(one.body, one.pointer) for one in kept], sealer, now)
    settle(conn, kept, actor, now)
    return came


def keep_raw(conn: Connection, source: str, events: Iterable[Mapping[str, Any]], now: dt.datetime) -> int:
    """Store events that keep the contract, inside the caller's transaction; return how many were not here before."""
    run(conn, "raw/stage_wms_event")
    copy_rows(conn, "stage_wms_event", RAW_COLUMNS, (_raw_row(source, event, now) for event in events))
    return run(conn, "raw/wms_event").rowcount


def _reject(source: str, event: Any, wrong: str, arrived: Arrived) -> Reject:
    rest = without_strangers(event)
    merchant_id = _key(rest.get("merchant_id"), NOBODY)
    key = _key(rest.get("event_id"), arrived.place)
    return Reject(merchant_id, source, key, wrong, rest, arrived.place, arrived.body)


def _key(value: Any, otherwise: str) -> str:
    """Return what an event is called by, or ``otherwise`` where it says nothing that an index could hold."""
    return str(value) if value and len(str(value)) <= LONGEST_KEY else otherwise


def _raw_row(source: str, event: Mapping[str, Any], now: dt.datetime) -> tuple[Any, ...]:
    payload = {name: value for name, value in event.items() if name not in HEAD}
    return (
        source, event["event_id"], event["merchant_id"], event["type"],
        dt.datetime.fromisoformat(event["occurred_at"]), event.get("actor"), event.get("store_id"), Jsonb(payload), now,
    )  # fmt: skip
