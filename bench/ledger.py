"""Events of units through the ledger's one entry, some told twice and some before their predecessor; and the floor.

The floor is binary COPY of the same rows into the same finished tables, every key checked: what no ledger can be faster
than. Both take turns, each in a fresh warehouse.
"""

import sys
from typing import Any

import psycopg

from bench import loaders, warehouse
from bench.processes import report_of, start
from bench.result import Result, Size
from bench.unit_events import distinct, portions
from include.db.connection import connect
from include.flows.ledger_rebuild import rebuild

EVENTS: dict[Size, int] = {"smoke": 12_000, "full": 100_000}
ROUNDS: dict[Size, int] = {"smoke": 1, "full": 5}
LEAST = 10_000  # events a second
FINISHED = ("ledger.unit", "ledger.unit_event")
LEFT = {
    "events": "select count(*) from ledger.unit_event",
    "waiting": "select count(*) from ledger.event_inbox",
    "in quarantine": "select count(*) from ops.quarantine",
}
OPEN_LINES = """
select count(*)
from core.merchant
cross join lateral ledger.balance(
    merchant.merchant_id, null, date '2026-12-31', timestamptz '2026-12-31 12:00+00'
) as line
where line.opening + line.entered - line."left" <> line.closing
"""


def run(size: Size) -> Result:
    """Book the events round by round, the floor after each."""
    result, count = Result("ledger", size), EVENTS[size]
    ours: list[dict[str, Any]] = []
    floor: list[float] = []
    with warehouse.running() as database:
        told, kept = database.folder / "told", database.folder / "kept"
        for folder in (told, kept):
            folder.mkdir()
        for number, portion in enumerate(portions(count)):
            (told / f"{number:05d}.json").write_bytes(portion)
        for number in range(ROUNDS[size]):
            with database.database("ours") as dsn:
                database.checkpoint()
                ours.append(report_of(start(sys.executable, "-m", "bench.append", "--dsn", dsn, "--folder", str(told))))
                if number == 0:
                    _must_be_right(result, dsn, ours[0]["found"], count)
                    loaders.keep_finished(dsn, kept, FINISHED)
            with database.database("floor") as dsn:
                database.checkpoint()
                floor.append(loaders.floor(dsn, kept, FINISHED))
            sys.stdout.write(f"ledger: round {number + 1} of {ROUNDS[size]}\n")
            sys.stdout.flush()
    _report(result, ours, floor, count)
    return result


def _must_be_right(result: Result, dsn: str, found: dict[str, int], count: int) -> None:
    """Check that all was booked once, and that events, projection and balance agree: else the figures mean nothing."""
    booked, waited = found.get("accepted", 0), found.get("waiting", 0)
    result.check("events told", float(found["told"]), str(count), holds=found["told"] == count)
    result.check("events booked", float(booked), str(distinct(count)), holds=booked == distinct(count))
    result.check("events that had to wait", float(waited), ">= 4 % of those told", holds=waited >= 0.04 * count)
    with psycopg.connect(dsn) as conn:
        for what, query in LEFT.items():
            row = conn.execute(query.encode()).fetchone()
            wanted = distinct(count) if what == "events" else 0
            result.check(f"{what} at the end", float(row[0] if row else -1), str(wanted), holds=row == (wanted,))
        row = conn.execute(OPEN_LINES).fetchone()
        result.check("lines of the balance that do not close", float(row[0] if row else -1), "0", holds=row == (0,))
    with connect(dsn) as ledger:
        differing = rebuild(ledger, dry=True)
    result.check("units that a rebuild would change", float(differing), "0", holds=differing == 0)


def _report(result: Result, ours: list[dict[str, Any]], floor: list[float], count: int) -> None:
    rate = result.measure("ledger", [count / one["seconds"] for one in ours], "events/s")
    result.measure("ledger: CPU of the process", [one["cpu"] for one in ours], "s")
    result.measure("ledger: memory over a bare interpreter", [one["peak_mib"] - one["bare_mib"] for one in ours], "MiB")
    least = result.measure("floor, COPY of the finished rows", [distinct(count) / one for one in floor], "events/s")
    result.measure("ledger ÷ floor", [rate / least], "")
    result.check("events a second", rate, f">= {LEAST}", holds=rate >= LEAST, of_time=True)
