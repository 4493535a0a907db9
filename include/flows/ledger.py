"""The ledger's one entry. Every fact that moves a unit comes in here, whoever reports it."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from uuid import UUID

from psycopg.types.json import Jsonb

from include.db.connection import Connection
from include.db.copying import copy_rows
from include.db.statements import run
from include.domain import unit_life
from include.domain.unit_life import VOIDED, Event, IllegalEvent, Unit
from include.flows.quarantine import Reject, put_aside

EVENT_COLUMNS = (
    "event_id", "unit_id", "merchant_id", "seq", "type", "state_from", "state_to",
    "occurred_at", "recorded_at", "actor", "source", "payload",
)  # fmt: skip
WAITING_COLUMNS = (
    "event_id", "unit_id", "merchant_id", "type", "occurred_at", "actor", "source", "payload",
    "waiting_since", "reason",
)  # fmt: skip


@dataclass(slots=True)
class Outcome:
    """What became of the events: ``accepted`` maps event id to its ``seq``, ``rejected`` to the reason."""

    accepted: dict[UUID, int] = field(default_factory=dict)
    repeated: set[UUID] = field(default_factory=set)
    waiting: dict[UUID, str] = field(default_factory=dict)
    rejected: dict[UUID, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accepted:
    """An event with its place in the unit's life."""

    event: Event
    seq: int
    state_from: str | None
    state_to: str


def append(conn: Connection, events: Iterable[Event], now: dt.datetime) -> Outcome:
    """Book ``events`` (in the order given, per unit) inside the caller's transaction.

    A known event is a no-op. One that comes too early waits in the inbox until its unit moves; one that can
    never be legal goes to the quarantine with the reason. ``now`` is the run's clock, kept as ``recorded_at``.
    """
    outcome = Outcome()
    proposed = list({event.event_id: event for event in events}.values())
    if not proposed:
        return outcome
    units = _lock(conn, proposed)
    known, waiting = _known(conn, proposed, list(units))
    queues: dict[UUID, list[Event]] = defaultdict(list)
    for event in waiting:
        queues[event.unit_id].append(event)
    already_waiting = {event.event_id for event in waiting}
    for event in proposed:
        if event.event_id in known:
            outcome.repeated.add(event.event_id)
        elif event.event_id not in already_waiting:
            queues[event.unit_id].append(event)
    moved: dict[UUID, Unit] = {}
    booked: list[Accepted] = []
    histories = _histories(conn, queues)
    for unit_id, queue in queues.items():
        unit = units.get(unit_id) or Unit(unit_id, queue[0].merchant_id)
        after, accepted = _drain(unit, queue, histories.get(unit_id, []), outcome)
        if accepted:
            moved[unit_id] = after
            booked.extend(accepted)
    _write(conn, moved.values(), booked, now)
    _keep_waiting(conn, queues, outcome, already_waiting, now)
    return outcome


def _lock(conn: Connection, events: list[Event]) -> dict[UUID, Unit]:
    """Lock and return the units that exist; births of a merchant are serialised by one lock."""
    ids = sorted({event.unit_id for event in events})
    there = run(conn, "ledger/unit__count", unit_ids=ids).fetchone()
    assert there is not None
    if there["units"] < len(ids):  # before any row lock: two writers must take their locks in one order
        for merchant_id in sorted({event.merchant_id for event in events}):
            run(conn, "ledger/births_lock", merchant_id=merchant_id)
    rows = run(conn, "ledger/unit__lock", unit_ids=ids).fetchall()
    return {row["unit_id"]: Unit(**row) for row in rows}


def _known(conn: Connection, events: list[Event], unit_ids: list[UUID]) -> tuple[set[UUID], list[Event]]:
    """Return the ids already booked, and what waits in the inbox for these units."""
    ids = [event.event_id for event in events]
    known = {row["event_id"] for row in run(conn, "ledger/unit_event__known", event_ids=ids)}
    every = sorted({*unit_ids, *(event.unit_id for event in events)})
    return known, [Event(**row) for row in run(conn, "ledger/event_inbox__of_units", unit_ids=every)]


def _histories(conn: Connection, queues: dict[UUID, list[Event]]) -> dict[UUID, list[Event]]:
    """Return the booked events of the units that have a correction to book; the others need none."""
    ids = [unit_id for unit_id, queue in queues.items() if any(event.type == VOIDED for event in queue)]
    histories: dict[UUID, list[Event]] = defaultdict(list)
    if ids:
        for row in run(conn, "ledger/unit_event__history", unit_ids=ids):
            histories[row["unit_id"]].append(Event(**row))
    return histories


def _drain(unit: Unit, queue: list[Event], history: list[Event], outcome: Outcome) -> tuple[Unit, list[Accepted]]:
    """Book what is legal, again and again, until nothing of the queue moves the unit any more."""
    accepted: list[Accepted] = []
    pending = queue
    while pending:
        early: list[Event] = []
        progressed = False
        for event in pending:
            try:
                after = _after(unit, event, history)
            except IllegalEvent as illegal:
                if illegal.later:
                    early.append(event)
                    outcome.waiting[event.event_id] = str(illegal)
                else:
                    outcome.rejected[event.event_id] = str(illegal)
                continue
            accepted.append(Accepted(event, after.seq, unit.state, after.state or ""))
            history.append(event)
            outcome.accepted[event.event_id] = after.seq
            outcome.waiting.pop(event.event_id, None)
            unit, progressed = after, True
        if not progressed:
            break
        pending = early
    return unit, accepted


def _after(unit: Unit, event: Event, history: list[Event]) -> Unit:
    if event.type != VOIDED:
        unit_life.check(unit, event)
        return unit_life.apply(unit, event)
    after = unit_life.project(unit.unit_id, unit.merchant_id, [*history, event])
    if after.state is None:
        raise IllegalEvent("a unit's birth cannot be voided: cancel the unit", later=False)
    return after


def _write(conn: Connection, units: Iterable[Unit], booked: list[Accepted], now: dt.datetime) -> None:
    """Store projection and events, set-based."""
    run(conn, "ledger/stage")
    copy_rows(conn, "stage_unit", unit_life.COLUMNS, (tuple(_columns(unit).values()) for unit in units))
    copy_rows(
        conn,
        "stage_unit_event",
        EVENT_COLUMNS,
        (
            (
                one.event.event_id, one.event.unit_id, one.event.merchant_id, one.seq, one.event.type,
                one.state_from, one.state_to, one.event.occurred_at, now, one.event.actor, one.event.source,
                Jsonb(one.event.payload),
            )
            for one in booked
        ),
    )  # fmt: skip
    run(conn, "ledger/unit")
    run(conn, "ledger/unit_event")


def _columns(unit: Unit) -> dict[str, object]:
    row = asdict(unit)
    for name in ("case_id", "previous_unit_id"):
        row[name] = UUID(str(row[name])) if row[name] else None
    return row


def _keep_waiting(
    conn: Connection,
    queues: dict[UUID, list[Event]],
    outcome: Outcome,
    already_waiting: set[UUID],
    now: dt.datetime,
) -> None:
    """Put early events into the inbox, take booked ones out of it, quarantine the impossible ones."""
    every = {event.event_id: event for queue in queues.values() for event in queue}
    gone = [event_id for event_id in already_waiting if event_id not in outcome.waiting]
    if gone:
        run(conn, "ledger/event_inbox__taken", event_ids=gone)
    copy_rows(
        conn,
        "ledger.event_inbox",
        WAITING_COLUMNS,
        (
            (
                event.event_id, event.unit_id, event.merchant_id, event.type, event.occurred_at, event.actor,
                event.source, Jsonb(event.payload), now, outcome.waiting[event_id],
            )
            for event_id, event in every.items()
            if event_id in outcome.waiting and event_id not in already_waiting
        ),
    )  # fmt: skip
    put_aside(
        conn,
        (
            Reject(
                event.merchant_id,
                f"ledger/{event.source}",
                str(event_id),
                reason,
                {"unit_id": str(event.unit_id), "type": event.type, **event.payload},
            )
            for event_id, reason in outcome.rejected.items()
            if (event := every[event_id])
        ),
        now,
    )


def rebuild(conn: Connection) -> int:
    """Project every unit again from its events; return how many rows differed and were put right."""
    histories: dict[UUID, list[Event]] = defaultdict(list)
    for row in run(conn, "ledger/unit_event__all"):
        histories[row["unit_id"]].append(Event(**row))
    run(conn, "ledger/stage")
    copy_rows(
        conn,
        "stage_unit",
        unit_life.COLUMNS,
        (
            tuple(_columns(unit_life.project(unit_id, history[0].merchant_id, history)).values())
            for unit_id, history in histories.items()
        ),
    )
    return run(conn, "ledger/unit").rowcount
