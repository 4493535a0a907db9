"""Expected against received: a verdict a unit, and every difference a case with age, money, owner and an end.

A look judges what may have changed since the look before: what was noted as moved (``ops.unit_moved``), what the clock
turned. The first look of an Almaty day, and one after a setting changed, judges everything, so that nothing depends on
what was thought of here.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from include.clock import almaty_day
from include.db.connection import Connection
from include.db.statements import run as run_statement
from include.db.statements import uuids
from include.domain import identity
from include.domain.reconcile import BY_A_PERSON, KINDS, OWNERS, REPEATED, Clocks, ends
from include.domain.unit_life import Event
from include.flows import costs
from include.flows.run import Run
from include.flows.settings import setting

FLOW = "warehouse_receipts_reconcile"  # whoever looks holds its lease for the merchant
EVER = dt.datetime(1, 1, 2, tzinfo=dt.UTC)
# Whose scans were recorded beside us may have been committed a little after we looked.
OVERLAP = dt.timedelta(hours=1)
MISSING = "missing_from_parcel"  # its cases are those of the dock's reports
JUDGED = ("units", "waiting", "orders", "lines", "moved", "loners")  # what core.verdicts asks for
MOST_BY_NAME = 200_000  # orders; where more were noted, as by a rebuilt ledger, everything is judged
OF_UNITS = tuple(kind for kind in KINDS if kind != MISSING)
LONGEST_NOTE = 500


class DifferenceRefused(ValueError):
    """A person's step that cannot be; ``code`` says why, for the page to put into words."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a merchant: its time, since when it asks what the dock said and what the clock turned.

    ``everything``: this one judges all units; ``first``: there is nothing to compare with.
    """

    at: dt.datetime
    since: dt.datetime
    everything: bool
    first: bool
    clocks: Clocks
    days: dict[str, int]

    def due(self, kind: str) -> dt.datetime | None:
        """When a difference found now is to be settled; None where the piece's own clock says so."""
        days = self.days.get(kind)
        return None if days is None else self.at + dt.timedelta(days=days)


def refresh(conn: Connection, run: Run, merchant_id: str) -> int:
    """Declare lost what is lost, then bring the merchant's differences up to date; return how many are open.

    Works in the caller's transaction. A run whose clock is behind judges what it booked by the time of the newest look:
    what was known then stays known.
    """
    clocks, days = _clocks(conn), setting(conn, "difference_days")
    look = _look(conn, merchant_id, run.now, clocks, days)
    _declare_lost(conn, merchant_id, look.at)
    judge(conn, merchant_id, look)
    run_statement(conn, "ops/verdict_look", merchant_id=merchant_id, looked_at=look.at, days=_days(clocks))
    found = run_statement(conn, "core/discrepancy__open", merchant_id=merchant_id).fetchone()
    return int(found["open"]) if found else 0


def judge(conn: Connection, merchant_id: str, look: Look) -> None:
    """Write the verdicts that changed, and open and close the cases that hang on them."""
    whose: dict[str, Any] = {"merchant_id": merchant_id, "now": look.at}
    clocks = {"overdue": look.clocks.overdue, "lost": look.clocks.lost, "short": look.clocks.short}
    kinds = {
        "kinds": list(OF_UNITS),
        "owners": [OWNERS[kind] for kind in OF_UNITS],
        "dues": [look.due(kind) for kind in OF_UNITS],
        "lost": look.clocks.lost,
    }
    touched = _touched(conn, look, merchant_id)
    if look.first:
        run_statement(conn, "core/unit_verdict__first", **whose, **(clocks | kinds))
    elif touched is None or touched["units"] != uuids(()):
        judged = {name: touched and touched[name] for name in JUDGED}
        ended, found, gone, resolutions = map(list, zip(*ends(), strict=True))
        run_statement(conn, "core/unit_verdict", **whose, **clocks, everything=touched is None, **judged)
        run_statement(
            conn, "core/discrepancy", **whose, **kinds, ended=ended, found=found, gone=gone, resolutions=resolutions
        )
    reported = {**whose, "since": look.since, "everything": touched is None}
    run_statement(
        conn, "core/discrepancy__missing", **reported, moved=touched and touched["moved"], owner=OWNERS[MISSING],
        days=look.days[MISSING],
    )  # fmt: skip
    run_statement(
        conn, "core/discrepancy__repeated", **reported, gone=touched and touched["gone"], owner=OWNERS[REPEATED],
        days=look.days[REPEATED],
    )  # fmt: skip


def _touched(conn: Connection, look: Look, merchant_id: str) -> dict[str, str] | None:
    """Return what is to be judged, arrays as PostgreSQL writes them; None: everything.

    They are found by a statement of its own: the next one is planned for as many as there are.
    """
    if look.everything:
        run_statement(conn, "ops/unit_moved__taken", merchant_id=merchant_id)
        return None
    whose: dict[str, Any] = {"merchant_id": merchant_id, "since": look.since}
    moved = run_statement(
        conn, "core/unit_verdict__moved", **whose, now=look.at, overdue=look.clocks.overdue
    ).fetchone()  # fmt: skip
    assert moved is not None
    if moved.pop("noted") > MOST_BY_NAME:
        return None
    return run_statement(conn, "core/unit_verdict__touched", **whose, **moved).fetchone()


def _declare_lost(conn: Connection, merchant_id: str, now: dt.datetime) -> None:
    rows = run_statement(conn, "ledger/unit__lost", merchant_id=merchant_id, now=now).fetchall()
    events = [
        Event(
            identity.event_id("lost", row["unit_id"], row["seq"]),
            row["unit_id"],
            merchant_id,
            "lost",
            now,
            "clock",
            f"flows/{FLOW}",
            {},
        )
        for row in rows
    ]
    costs.append(conn, merchant_id, events, now)


def _clocks(conn: Connection) -> Clocks:
    overdue, lost, short = (
        dt.timedelta(days=int(setting(conn, name))) for name in ("overdue_days", "lost_days", "short_days")
    )
    return Clocks(overdue, lost, short)


def _look(conn: Connection, merchant_id: str, now: dt.datetime, clocks: Clocks, days: dict[str, int]) -> Look:
    before = run_statement(conn, "ops/verdict_look__of", merchant_id=merchant_id).fetchone()
    if before is None:
        known = run_statement(conn, "core/unit_verdict__known", merchant_id=merchant_id).fetchone()
        assert known is not None
        first = not known["anything"]
        return Look(now, EVER, everything=True, first=first, clocks=clocks, days=days)
    seen = before["looked_at"]
    at = max(seen, now)
    everything = almaty_day(at) != almaty_day(seen) or before["days"] != _days(clocks)
    since = EVER if everything else min(seen - OVERLAP, now)
    return Look(at, since, everything=everything, first=False, clocks=clocks, days=days)


def _days(clocks: Clocks) -> list[int]:
    return [clock.days for clock in (clocks.overdue, clocks.lost, clocks.short)]


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says of a difference: how it ended (None: it is open again after all), and why."""

    actor: str
    now: dt.datetime
    resolution: str | None
    note: str


def say(conn: Connection, discrepancy_id: UUID, said: Said) -> None:
    """Write down what a person says of a difference, in a transaction of its own.

    Raises :class:`DifferenceRefused` where its kind or its state do not allow it, or the reason is missing.
    """
    with conn.transaction():
        row = run_statement(conn, "core/discrepancy__lock", discrepancy_id=discrepancy_id).fetchone()
        _check(row, said)
        run_statement(
            conn,
            "core/discrepancy__said",
            discrepancy_id=discrepancy_id,
            actor=said.actor,
            resolution=said.resolution,
            note=said.note.strip()[:LONGEST_NOTE],
            now=said.now,
        )


def _check(row: dict[str, Any] | None, said: Said) -> None:
    if row is None:
        raise DifferenceRefused("no_such", "there is no such difference")
    if not said.actor.strip():
        raise DifferenceRefused("no_actor", "whoever settles a difference has a name")
    if row["kind"] not in OWNERS:
        raise DifferenceRefused("not_by_hand", f"{row['kind']} is closed by the facts alone")
    if not said.note.strip():
        raise DifferenceRefused("why", "say why: the reason is kept with your name")
    if said.resolution is None:
        if row["resolved_by"] is None or not row["still"]:
            raise DifferenceRefused("not_now", "only what a person settled, and what is still so, can be opened again")
    elif said.resolution not in BY_A_PERSON:
        raise DifferenceRefused("how", f"{said.resolution!r} is none of {', '.join(BY_A_PERSON)}")
    elif row["status"] != "open":
        raise DifferenceRefused("not_now", "it is settled already")


def one(conn: Connection, discrepancy_id: UUID) -> dict[str, Any] | None:
    """Return a difference with what it is about and its ``history``; None where there is none of that id."""
    row = run_statement(conn, "core/discrepancy__one", discrepancy_id=discrepancy_id).fetchone()
    if row is None:
        return None
    history = run_statement(conn, "core/discrepancy__history", discrepancy_id=discrepancy_id).fetchall()
    return {**row, "history": history}
