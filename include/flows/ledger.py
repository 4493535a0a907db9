"""The ledger's one entry. Every fact that moves a unit comes in here, whoever reports it."""

import datetime as dt
import struct
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from include.db.connection import Connection
from include.db.copying import copy_rows
from include.db.statements import run, run_bound, uuids
from include.domain.unit_life import COLUMNS, VOIDED, Event, Unit, unit_of, values_of
from include.domain.unit_queue import Booked, settle
from include.flows.quarantine import Reject, put_aside

EVENT_COLUMNS = (
    "event_id", "unit_id", "merchant_id", "seq", "type", "state_from", "state_to",
    "occurred_at", "recorded_at", "actor", "source", "payload",
)  # fmt: skip
WAITING_COLUMNS = (
    "event_id", "unit_id", "merchant_id", "type", "occurred_at", "actor", "source", "payload",
    "waiting_since", "reason",
)  # fmt: skip
AT_ONCE = 5_000  # units of one statement
JSONB_VERSION = b"\x01"
EPOCH = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)  # PostgreSQL counts the microseconds from here
MICROSECOND = dt.timedelta(microseconds=1)


@dataclass(slots=True)
class Outcome:
    """What became of the events: ``accepted`` maps event id to its ``seq``, ``rejected`` to the reason."""

    accepted: dict[UUID, int] = field(default_factory=dict)
    repeated: set[UUID] = field(default_factory=set)
    waiting: dict[UUID, str] = field(default_factory=dict)
    rejected: dict[UUID, str] = field(default_factory=dict)


def append(conn: Connection, events: Iterable[Event], now: dt.datetime) -> Outcome:
    """Book ``events`` (in the order given, per unit) inside the caller's transaction.

    A known event is a no-op. One that comes too early waits in the inbox until its unit moves; one that can
    never be legal goes to the quarantine with the reason. ``now`` is the run's clock, kept as ``recorded_at``.
    """
    outcome = Outcome()
    proposed = {event.event_id: event for event in events}
    if not proposed:
        return outcome
    unit_ids = sorted({event.unit_id for event in proposed.values()})
    units = _lock(conn, unit_ids, proposed.values())
    inbox = _waiting(conn, unit_ids, proposed)
    known = _known(conn, proposed)
    queues: dict[UUID, list[Event]] = {unit_id: [] for unit_id in unit_ids}
    for event in inbox.values():
        if event.unit_id in queues:
            queues[event.unit_id].append(event)
        else:  # the id waits for another unit: the same event all the same
            outcome.repeated.add(event.event_id)
    for event_id, event in proposed.items():
        if event_id in known:
            outcome.repeated.add(event_id)
        elif event_id not in inbox:
            queues[event.unit_id].append(event)
    moved, booked = _settle(conn, units, queues, outcome)
    _write(conn, units, moved, booked, now)
    _keep_waiting(conn, queues, outcome, inbox, now)
    return outcome


def _lock(conn: Connection, unit_ids: list[UUID], events: Collection[Event]) -> dict[UUID, Unit]:
    """Lock and return the units that exist; births of a merchant are serialised by one lock."""
    there = run_bound(conn, "ledger/unit__count", unit_ids=uuids(unit_ids)).fetchone()
    assert there is not None
    if there["units"] < len(unit_ids):  # before any row lock: two writers must take their locks in one order
        for merchant_id in sorted({event.merchant_id for event in events}):
            run(conn, "ledger/births_lock", merchant_id=merchant_id)
    return {row["unit_id"]: unit_of(row) for row in run_bound(conn, "ledger/unit__lock", unit_ids=uuids(unit_ids))}


def _waiting(conn: Connection, unit_ids: list[UUID], proposed: Collection[UUID]) -> dict[UUID, Event]:
    """Lock and return what waits in the inbox for these units, or under one of these ids."""
    rows = run_bound(conn, "ledger/event_inbox__of_units", unit_ids=uuids(unit_ids), event_ids=uuids(proposed))
    return {row["event_id"]: Event(**row) for row in rows}


def _known(conn: Connection, event_ids: Collection[UUID]) -> set[UUID]:
    """Return which of the ids are booked already."""
    return {row["event_id"] for row in run_bound(conn, "ledger/unit_event__known", event_ids=uuids(event_ids))}


def _settle(
    conn: Connection, units: dict[UUID, Unit], queues: dict[UUID, list[Event]], outcome: Outcome
) -> tuple[list[Unit], list[Booked]]:
    """Return the units that moved and what moved them; write what became of each event into ``outcome``."""
    moved: list[Unit] = []
    booked: list[Booked] = []
    histories = _histories(conn, queues)
    for unit_id, queue in queues.items():
        if not queue:
            continue
        unit = units.get(unit_id) or Unit(unit_id, queue[0].merchant_id)
        settled = settle(unit, queue, histories.get(unit_id, ()))
        outcome.waiting |= settled.early
        outcome.rejected |= settled.never
        if settled.booked:
            moved.append(settled.unit)
            booked += settled.booked
    outcome.accepted = {one.event.event_id: one.seq for one in booked}
    return moved, booked


def _histories(conn: Connection, queues: dict[UUID, list[Event]]) -> dict[UUID, list[Event]]:
    """Return the booked events of the units that have a correction to book; the others need none."""
    ids = [unit_id for unit_id, queue in queues.items() if any(event.type == VOIDED for event in queue)]
    histories: dict[UUID, list[Event]] = defaultdict(list)
    if ids:
        for row in run_bound(conn, "ledger/unit_event__history", unit_ids=uuids(ids)):
            histories[row["unit_id"]].append(Event(**row))
    return histories


def _write(
    conn: Connection, units: dict[UUID, Unit], moved: list[Unit], booked: list[Booked], now: dt.datetime
) -> None:
    """Store projection and events, set-based; the locks that are held make the new rows new."""
    if not booked:
        return
    store(
        conn, [unit for unit in moved if unit.unit_id in units], [unit for unit in moved if unit.unit_id not in units]
    )
    recorded_at = struct.pack("!q", (now - EPOCH) // MICROSECOND)
    copy_rows(
        conn,
        "ledger.unit_event",
        EVENT_COLUMNS,
        (
            (
                event.event_id, event.unit_id, event.merchant_id, seq, event.type, state_from, state_to,
                event.occurred_at, recorded_at, event.actor, event.source, _json(event.payload),
            )
            for event, seq, state_from, state_to in booked
        ),
        ready=("recorded_at", "payload"),
    )  # fmt: skip


def store(conn: Connection, changed: Sequence[Unit], born: Sequence[Unit]) -> None:
    """Write units of the projection: locked ones as they are now, and new ones."""
    for first in range(0, len(changed), AT_ONCE):
        run_bound(conn, "ledger/unit", units=json_of(changed[first : first + AT_ONCE]))
    copy_rows(conn, "ledger.unit", COLUMNS, map(values_of, born))


def json_of(units: Iterable[Unit]) -> str:
    """Return units as the statements read them."""
    return orjson.dumps([unit.__dict__ for unit in units]).decode()


def _json(payload: dict[str, Any]) -> bytes:
    """Return a payload as a jsonb column takes it."""
    return JSONB_VERSION + orjson.dumps(payload)


def _keep_waiting(
    conn: Connection, queues: dict[UUID, list[Event]], outcome: Outcome, inbox: dict[UUID, Event], now: dt.datetime
) -> None:
    """Put early events into the inbox, take booked ones out of it, quarantine the impossible ones."""
    settled = [one for one in inbox if one in outcome.accepted or one in outcome.rejected]
    if settled:
        run_bound(conn, "ledger/event_inbox__taken", event_ids=uuids(settled))
    if not outcome.waiting and not outcome.rejected:
        return
    every = {event.event_id: event for queue in queues.values() for event in queue}
    copy_rows(
        conn,
        "ledger.event_inbox",
        WAITING_COLUMNS,
        (
            (
                event.event_id, event.unit_id, event.merchant_id, event.type, event.occurred_at, event.actor,
                event.source, _json(event.payload), now, reason,
            )
            for event_id, reason in outcome.waiting.items()
            if event_id not in inbox and (event := every[event_id])
        ),
        ready=("payload",),
    )  # fmt: skip
    put_aside(conn, (_reject(every[one], reason) for one, reason in outcome.rejected.items()), now)


def _reject(event: Event, reason: str) -> Reject:
    return Reject(
        event.merchant_id,
        f"ledger/{event.source}",
        str(event.event_id),
        reason,
        {"unit_id": str(event.unit_id), "type": event.type, **event.payload},
    )


def expire(conn: Connection, merchant_id: str, now: dt.datetime) -> int:
    """Put the merchant's events that waited too long for their predecessor into the quarantine; return how many."""
    rows = run(conn, "ledger/event_inbox__expired", merchant_id=merchant_id, now=now).fetchall()
    reasons = {row["event_id"]: row.pop("reason") for row in rows}
    events = (Event(**row) for row in rows)
    return put_aside(
        conn, (_reject(one, f"its predecessor did not come: {reasons[one.event_id]}") for one in events), now
    )
