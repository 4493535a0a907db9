"""Expected against received: our look from scratch, bare SQL, DuckDB, polars and pandas on the same tables, in turn.

Ours is what the flow does: the statements of the product, with its look at what was known, its cursor and its cases.
Everybody reads the same tables, writes the same two result tables under the same keys, and must write the same rows.
Then what a look costs later: 10,000 receipts beside a million of history; and what the worst input costs a row.
"""

import datetime as dt
import statistics
import sys
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from bench import peers, warehouse
from bench.processes import report_of, start
from bench.result import Result, Size
from include.db.connection import connect
from include.flows import discrepancies
from include.flows.run import Run

PIECES: dict[Size, int] = {"smoke": 6_000, "full": 1_000_000}
NEW: dict[Size, int] = {"smoke": 600, "full": 10_000}
ROUNDS: dict[Size, int] = {"smoke": 1, "full": 5}
MADE_AT_ONCE = 240_000  # a multiple of 12: the returns of three are made whole
NOW = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
MERCHANT = "bench-0"
HERE = Path(__file__).resolve().parent
PEERS = ("duckdb", "polars", "pandas")
BARE_TOO = ("usual", "nothing")
WORST = ("one_order", "one_barcode", "nothing")
# What is compared, in one order: both results, without what only a later look needs.
WRITTEN = """
select
    (
        select count(*) || ':' || md5(string_agg(one::text, '|' order by one.unit_id))
        from (
            select unit_id, merchant_id, verdict, since, turns_at, repeats, settled
            from core.unit_verdict
        ) as one
    ),
    (
        select count(*) || ':' || md5(string_agg(told::text, '|' order by told.discrepancy_id))
        from (
            select discrepancy_id, merchant_id, case_id, unit_id, order_code, kind, subject, opened_at, found_at,
                due_at, money_at_risk, owner, status
            from core.discrepancy
        ) as told
    )
"""
EMPTY = (
    "truncate core.unit_verdict, ops.unit_moved, ops.verdict_look, core.discrepancy, core.discrepancy_event, "
    "core.discrepancy_amount"
)
KINDS = "select verdict, count(*)::integer from core.unit_verdict group by verdict"
ROWS = """
select
    (select count(*) from ledger.unit where requested_at is not null)
    + (select count(*) from core.warehouse_event where type = 'received')
"""
SCANS = "select count(*)::integer from core.warehouse_event where type = 'received'"


@dataclass(frozen=True, slots=True)
class Took:
    """What one reconciliation took; memory over the bare process, in MiB, where it is another process's."""

    seconds: float
    over_bare: float | None = None


def run(size: Size) -> Result:
    """Compare from scratch, then measure increments and the worst inputs."""
    result = Result("reconcile", size)
    python = peers.dlt_python() if size == "full" else None
    with warehouse.running() as database:
        with database.database("receipts") as dsn:
            _fill(database.address("receipts"), "usual", PIECES[size])
            _from_scratch(result, database, dsn, python, ROUNDS[size])
            _increments(result, database, dsn, NEW[size], ROUNDS[size])
        _worst(result, database, NEW[size], ROUNDS[size])
    return result


def _fill(address: str, kind: str, count: int, first: int = 0, *, analyze: bool = True) -> None:
    """Make the pieces [first, first + count); ``address`` is the superuser's, who may leave foreign keys unchecked."""
    statement = (HERE / "receipts.sql").read_bytes()
    beyond = first + count
    began = time.monotonic()
    with psycopg.connect(address, cursor_factory=psycopg.ClientCursor) as conn:
        conn.execute("set session_replication_role = replica")
        conn.commit()
        for begin in range(first, beyond, MADE_AT_ONCE):
            facts = {"kind": kind, "first": begin, "beyond": min(begin + MADE_AT_ONCE, beyond),
                     "merchant_id": MERCHANT, "now": NOW}  # fmt: skip
            conn.execute(statement, facts)
            conn.commit()
        if analyze:
            conn.autocommit = True
            conn.execute("vacuum (freeze, analyze)")  # else autovacuum comes in the middle of a repetition
    _say(f"{count:,} pieces ({kind}) made in {time.monotonic() - began:.0f} s")


def _say(text: str) -> None:
    sys.stdout.write(f"reconcile: {text}\n")
    sys.stdout.flush()


def _from_scratch(result: Result, database: warehouse.BenchServer, dsn: str, python: Path | None, rounds: int) -> None:
    took: dict[str, list[Took]] = defaultdict(list)
    written: dict[str, Any] = {}
    names = ("ours", "bare SQL", *(PEERS if python else ()))
    for number in range(rounds):
        for name in names:
            _empty(database)
            took[name].append(_reconcile(name, dsn, python))
            if number == 0:
                with psycopg.connect(dsn) as conn:
                    written[name] = conn.execute(WRITTEN.encode()).fetchone()
        _say(f"from scratch, round {number + 1} of {rounds}: "
             + ", ".join(f"{name} {took[name][-1].seconds:.2f} s" for name in names))  # fmt: skip
    with psycopg.connect(dsn) as conn:
        kinds: dict[str, int] = dict(conn.execute(KINDS.encode()).fetchall())
        scans = conn.execute(SCANS.encode()).fetchone()
    expected = sum(kinds.values()) - kinds.get("unexpected", 0) - kinds.get("no_request", 0)
    result.measure("expected pieces", [expected], "pieces")
    result.measure("received scans", [scans[0] if scans else 0], "scans")
    for name in names[1:]:
        same = written[name] == written["ours"]
        told = "the same rows" if same else str(written[name])
        result.check(f"{name} writes what we write", told, "the same rows", holds=same)
    result.check("verdicts met", ", ".join(sorted(kinds)), "all but unproven", holds=len(kinds) == 12)
    medians = {name: _measured(result, name, took[name]) for name in names}
    for name in names[1:]:
        result.measure(f"ours ÷ {name}", [medians["ours"] / medians[name]], "")
    ratio = medians["ours"] / medians["bare SQL"]
    result.check("ours ÷ bare SQL, from scratch", ratio, "<= 1.1", holds=ratio <= 1.1, of_time=True)


def _measured(result: Result, name: str, took: list[Took]) -> float:
    median = result.measure(f"{name}, from scratch", [one.seconds for one in took], "s")
    if memory := [one.over_bare for one in took if one.over_bare is not None]:
        result.measure(f"  {name}: memory over the bare process", memory, "MiB")
    return median


def _empty(database: warehouse.BenchServer, name: str = "receipts") -> None:
    with psycopg.connect(database.address(name), autocommit=True) as conn:
        conn.execute("set session_replication_role = replica")
        conn.execute(EMPTY)
        conn.execute("vacuum (analyze) core.unit_verdict, core.discrepancy")
    database.checkpoint()


def _reconcile(name: str, dsn: str, python: Path | None) -> Took:
    if name == "bare SQL":
        statements = (HERE / "bare_reconcile.sql").read_bytes()
        with psycopg.connect(dsn, cursor_factory=psycopg.ClientCursor) as conn:
            began = time.perf_counter()
            conn.execute(statements, {"merchant_id": MERCHANT, "now": NOW})
            conn.commit()
            return Took(time.perf_counter() - began)
    if name == "ours":
        command = [sys.executable, "-m", "bench.look", "--dsn", dsn, "--merchant", MERCHANT, "--now", NOW.isoformat()]
    else:
        assert python is not None
        command = [str(python), str(HERE / "peers" / f"reconcile_{name}.py"), "--dsn", dsn, "--merchant", MERCHANT,
                   "--now-us", str(int(NOW.timestamp()) * 1_000_000)]  # fmt: skip
    report = report_of(start(*command))
    return Took(report["seconds"], report["peak_mib"] - report["bare_mib"])


def _look(dsn: str, now: dt.datetime) -> float:
    """Look once as the flow does; return the seconds until it is committed."""
    with connect(dsn) as conn:
        conn.execute("select 1")
        conn.commit()
        began = time.perf_counter()
        with conn.transaction():
            discrepancies.refresh(conn, Run(discrepancies.FLOW, "bench", now), MERCHANT)
        return time.perf_counter() - began


def _increments(result: Result, database: warehouse.BenchServer, dsn: str, new: int, rounds: int) -> None:
    """Let ``new`` expected pieces come in each round, and look: what nothing happened to is not looked at."""
    first = 12_000_000  # apart from the history's numbers
    address = database.address("receipts")
    _fill(address, "coming", new * (rounds + 1), first)
    _empty(database)
    _look(dsn, NOW)
    with psycopg.connect(address, autocommit=True) as conn:
        conn.execute("vacuum (analyze) core.unit_verdict, core.discrepancy")
    seconds, idle = [], []
    for number in range(rounds + 1):
        now = NOW + 2 * discrepancies.OVERLAP * (number + 1)
        database.checkpoint()
        seconds.append(_arrive_and_look(address, first + number * new, new, now))
        idle.append(_look(dsn, now))
        with psycopg.connect(dsn) as conn:
            row = conn.execute(
                "select count(*) from core.unit_verdict inner join ledger.unit using (unit_id) "
                "where unit.received_at = %s and verdict in ('matched', 'late', 'over')", (now,),
            ).fetchone()  # fmt: skip
        if row != (new,):
            raise RuntimeError(f"{row} of {new} new receipts were judged: the figure means nothing")
    median = result.measure(f"{new:,} new receipts beside the history: the look", seconds[1:], "s")
    result.measure("the same look again: nothing happened since", idle[1:], "s")
    result.check(f"{new:,} new receipts", median, "<= 0.3 s", holds=median <= 0.3, of_time=True)


def _arrive_and_look(address: str, first: int, count: int, now: dt.datetime) -> float:
    """Receive pieces as the ledger and the dock would have written it, one in a hundred scanned twice, and look in the
    same transaction, as the flow does; return the seconds from the look's begin until it is committed.
    """
    with connect(address) as conn:
        with conn.transaction():
            conn.execute("set local session_replication_role = replica")
            psycopg.ClientCursor(conn).execute(
                (HERE / "arrivals.sql").read_bytes(), {"first": first, "beyond": first + count, "now": now}
            )
            conn.execute("set local session_replication_role = origin")
            conn.execute(f"set local role {warehouse.APPLICATION}")
            began = time.perf_counter()
            discrepancies.refresh(conn, Run(discrepancies.FLOW, "bench", now), MERCHANT)
        return time.perf_counter() - began


def _worst(result: Result, database: warehouse.BenchServer, count: int, rounds: int) -> None:
    """Compare what a row of the worst inputs costs with one of the usual: each from scratch in a warehouse of its own.

    A row is an expected piece or a scan. The kinds take turns. Where nothing matches, a row brings one and a half rows
    of results, and of the usual little more than half a one: what bare SQL takes for the same is told beside.
    """
    cost: dict[str, list[float]] = defaultdict(list)
    with ExitStack() as stack:
        there: dict[str, tuple[str, int]] = {}
        for kind in ("usual", *WORST):
            dsn = stack.enter_context(database.database(f"worst_{kind}"))
            _fill(database.address(f"worst_{kind}"), kind, count)
            with psycopg.connect(dsn) as conn:
                row = conn.execute(ROWS).fetchone()
            assert row is not None
            there[kind] = (dsn, row[0])
        for _ in range(2 * rounds + 1):
            for kind, (dsn, rows) in there.items():
                _empty(database, f"worst_{kind}")
                cost[kind].append(_look(dsn, NOW) / rows * 1e6)
                if kind in BARE_TOO:
                    _empty(database, f"worst_{kind}")
                    cost[f"bare {kind}"].append(_reconcile("bare SQL", dsn, None).seconds / rows * 1e6)
    usual = result.measure("a row, usual", cost["usual"][1:], "µs")
    for kind in WORST:
        name = kind.replace("_", " ")
        median = result.measure(f"a row, {name}", cost[kind][1:], "µs")
        result.check(f"{name} ÷ usual, a row", median / usual, "<= 2", holds=median <= 2 * usual, of_time=True)
        if kind in BARE_TOO:
            bare_usual, bare = (statistics.median(cost[f"bare {one}"][1:]) for one in ("usual", kind))
            result.measure(f"bare SQL: {name} ÷ usual, a row", [bare / bare_usual], "")
            result.check(f"{name}: ours ÷ bare SQL", median / bare, "<= 1.1", holds=median <= 1.1 * bare, of_time=True)
