"""The projection made anew from the events: what ``ledger.unit`` must be, told or put right, portion by portion."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from include.db.connection import Connection
from include.db.statements import run, run_bound, uuids
from include.domain.unit_life import COLUMNS, Event, IllegalEvent, Unit, project, unit_of
from include.flows.ledger import json_of, store

PORTION = 2_000  # units; with their events some ten megabytes
FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Difference:
    """What is wrong with a unit's row; ``columns`` maps a column to what it is and what the events say.

    One that ``stays`` cannot be put right.
    """

    unit_id: UUID
    what: str
    columns: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    stays: bool = False

    def __str__(self) -> str:
        """Return the difference on one line."""
        told = ", ".join(f"{name} is {stored!r}, not {true!r}" for name, (stored, true) in self.columns.items())
        return f"{self.unit_id}: {self.what}{': ' if told else ''}{told}"


@dataclass(frozen=True, slots=True)
class Portion:
    """How far a rebuild has come: ``units`` so far of about ``of``, and what differed in the last portion."""

    units: int
    of: int
    differences: list[Difference]


def rebuild(
    conn: Connection,
    *,
    dry: bool = False,
    portion: int = PORTION,
    tell: Callable[[Portion], None] = lambda _: None,
) -> int:
    """Project every unit again from its events; return how many rows differ. ``dry`` puts none of them right.

    Each portion is a transaction of its own under the row locks of its units, so others go on working meanwhile; a unit
    born behind the place that was reached is right by birth. A unit whose events contradict the law is told and left as
    it is: no projection of them is true.
    """
    with conn.transaction():
        row = run(conn, "ledger/unit__all").fetchone()
    assert row is not None
    units = differing = 0
    after = FIRST
    while True:
        with conn.transaction():
            unit_ids = [one["unit_id"] for one in run(conn, "ledger/unit__next", after=after, size=portion)]
            if not unit_ids:
                return differing
            differences = _rebuild(conn, unit_ids, dry=dry)
        after = unit_ids[-1]
        units += len(unit_ids)
        differing += len(differences)
        tell(Portion(units, row["units"], differences))


def _rebuild(conn: Connection, unit_ids: list[UUID], *, dry: bool) -> list[Difference]:
    stored = {row["unit_id"]: unit_of(row) for row in run_bound(conn, "ledger/unit__lock", unit_ids=uuids(unit_ids))}
    histories: dict[UUID, list[Event]] = defaultdict(list)
    for row in run_bound(conn, "ledger/unit_event__history", unit_ids=uuids(unit_ids)):
        histories[row["unit_id"]].append(Event(**row))
    differences: list[Difference] = []
    wrong: list[Unit] = []
    for unit_id in unit_ids:
        history, is_now = histories.get(unit_id), stored.get(unit_id)
        if not history:
            differences.append(Difference(unit_id, "a row without any event"))
            continue
        try:
            true = project(unit_id, history[0].merchant_id, history)
        except (IllegalEvent, KeyError) as illegal:
            differences.append(Difference(unit_id, f"its events cannot be projected ({illegal})", stays=True))
            continue
        if true != is_now:
            differences.append(_difference(is_now, true))
            wrong.append(true)
    if not dry and differences:
        phantoms = uuids(one for one in unit_ids if one not in histories)
        run_bound(conn, "ledger/unit__without_events", unit_ids=phantoms)
        run(conn, "ledger/unit__keys_cleared", units=json_of(wrong), reached=unit_ids[-1])
        store(
            conn,
            [unit for unit in wrong if unit.unit_id in stored],
            [unit for unit in wrong if unit.unit_id not in stored],
        )
    return differences


def _difference(is_now: Unit | None, true: Unit) -> Difference:
    if is_now is None:
        return Difference(true.unit_id, "the row is missing")
    pairs = {name: (getattr(is_now, name), getattr(true, name)) for name in COLUMNS}
    return Difference(true.unit_id, "differs", {name: pair for name, pair in pairs.items() if pair[0] != pair[1]})
