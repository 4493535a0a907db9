"""Scans at the desk beside a small and a very large ledger: what a person waits for, from the scanner to the zone.

A scan is two requests to the console over HTTP, as the page makes them: what does the code mean, and the piece is taken
in. The same scans are made beside both ledgers; what each of them touches tells whether its size matters.
"""

import datetime as dt
import shutil
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import requests

from bench import warehouse
from bench.desk_server import LOGIN
from bench.increment import BLOCKS
from bench.orders import FIRST_CODE, MERCHANTS
from bench.processes import server
from bench.result import Result, Size
from include.db.connection import connect
from include.flows import staff
from include.flows.onboarding import RECORDED_KINDS, add_source
from runtime.postgres import LASTING_TEMPORARY

LEDGERS: dict[Size, tuple[int, int]] = {"smoke": (10_000, 40_000), "full": (100_000, 10_000_000)}
SCANS: dict[Size, int] = {"smoke": 20, "full": 400}
WARM = 10  # scans that fill caches and are not counted
MOST_MS, AIM_MS = 150, 50
MADE_AT_ONCE = 500_000
BYTES_A_UNIT = 3_500  # with its order, line and case, their indexes and WAL
SKUS = 5_000
WAREHOUSE, SOURCE = "Алматы", "desk-bench"
NOW = dt.datetime(2026, 11, 25, 6, tzinfo=dt.UTC)
STEP = dt.timedelta(seconds=20)
SHARE_OPEN = 100  # one of so many is expected, one in the house
TABLES = ("core.customer_order", "core.order_line", "core.return_case", "ledger.unit")
KEYS = """
select conrelid::regclass::text, conname, pg_get_constraintdef(oid), contype
from pg_constraint
where
    contype in ('p', 'u', 'f')
    and (conrelid = any(%(tables)s::regclass[]) or (contype = 'f' and confrelid = any(%(tables)s::regclass[])))
order by contype = 'f', contype <> 'p'
"""
INDEXES = """
select indexrelid::regclass::text, pg_get_indexdef(indexrelid)
from pg_index
where
    indrelid = any(%(tables)s::regclass[])
    and not exists (select from pg_constraint where conindid = indexrelid and contype in ('p', 'u'))
"""
PRODUCTS = """
insert into core.product (merchant_id, sku, eans, name, category)
select %(merchant_id)s, 'SKU' || number, array[(4870000000000 + number)::text], 'Крышка ' || number, 'Крышки для посуды'
from generate_series(0, %(skus)s) as number
"""


@dataclass(slots=True)
class Scans:
    """What one run of scans came to, in milliseconds a scan; ``blocks`` touched a scan."""

    looked: list[float] = field(default_factory=list)
    told: list[float] = field(default_factory=list)
    blocks: float = 0

    @property
    def whole(self) -> list[float]:
        """Return the time of each scan, both requests."""
        return [looked + told for looked, told in zip(self.looked, self.told, strict=True)]


def run(size: Size) -> Result:
    """Scan beside each ledger."""
    result, found = Result("desk", size), {}
    for units in LEDGERS[size]:
        with warehouse.running() as database:
            _must_fit(database.folder, units)
            with database.database("desk") as dsn:
                began = time.monotonic()
                _fill(database.address("desk"), dsn, units)
                sys.stdout.write(f"desk: a ledger of {units:,} units made in {time.monotonic() - began:.0f} s\n")
                sys.stdout.flush()
                with server("bench.desk_server", "--dsn", dsn, "--now", NOW.isoformat()) as about:
                    found[units] = _scan(result, dsn, about["url"], units, SCANS[size])
    _report(result, found)
    return result


def _must_fit(folder: Path, units: int) -> None:
    """Raise before half an hour of work ends in a full disk."""
    free = min(shutil.disk_usage(path).free for path in (folder, LASTING_TEMPORARY))
    if free < units * BYTES_A_UNIT:
        raise RuntimeError(f"the ledger needs {units * BYTES_A_UNIT >> 30} GiB of disk, {free >> 30} are free")


def _fill(address: str, dsn: str, units: int) -> None:
    """Fill an empty warehouse; ``address`` is the superuser's, who may leave the foreign keys unchecked."""
    facts = {
        "merchant_id": MERCHANTS[0], "total": units, "expected_from": units - units // SHARE_OPEN,
        "here_from": units - 2 * (units // SHARE_OPEN), "first_code": FIRST_CODE, "skus": SKUS, "source": SOURCE,
        "now": NOW - dt.timedelta(days=10), "step": STEP,
    }  # fmt: skip
    with connect(dsn) as conn:
        believed = dict.fromkeys(RECORDED_KINDS, "desk")
        add_source(conn, SOURCE, kind="desk", warehouse=WAREHOUSE, system_of_record=believed)
        staff.grant(conn, LOGIN, "*", "supervisor", actor="bench", now=NOW)
    statement = (Path(__file__).resolve().parent / "desk_ledger.sql").read_bytes()
    with psycopg.connect(address, cursor_factory=psycopg.ClientCursor) as conn:
        conn.execute("set session_replication_role = replica")
        conn.execute("set maintenance_work_mem = '512MB'")
        conn.execute(PRODUCTS.encode(), facts)
        conn.commit()
        with _without_keys(conn):
            for first in range(0, units, MADE_AT_ONCE):
                conn.execute(statement, {**facts, "first": first, "beyond": min(first + MADE_AT_ONCE, units)})
                conn.commit()
        conn.autocommit = True
        conn.execute("vacuum (freeze, analyze)")


@contextmanager
def _without_keys(conn: psycopg.Connection) -> Iterator[None]:
    """Take keys and indexes away while millions of rows are written, and make them again as they were."""
    tables = {"tables": list(TABLES)}
    keys = conn.execute(KEYS.encode(), tables).fetchall()
    indexes = conn.execute(INDEXES.encode(), tables).fetchall()
    for table, name, _, _ in reversed(keys):
        conn.execute(f'alter table {table} drop constraint "{name}"'.encode())
    for name, _ in indexes:
        conn.execute(f"drop index {name}".encode())
    conn.commit()
    yield
    for table, name, definition, kind in keys:
        unchecked = " not valid" if kind == "f" else ""
        conn.execute(f'alter table {table} add constraint "{name}" {definition}{unchecked}'.encode())
    for _, definition in indexes:
        conn.execute(definition.encode())
    conn.commit()


def _scan(result: Result, dsn: str, url: str, units: int, count: int) -> Scans:
    """Take ``count`` expected pieces in, and a few before that do not count; every answer must be right."""
    found = Scans()
    with requests.Session() as session:
        session.headers.update({"x-qaitarym-request": "1", "sec-fetch-site": "same-origin"})
        expected = units // SHARE_OPEN
        stride = max(1, expected // (count + WARM))
        before = 0
        for turn in range(min(count + WARM, expected)):
            if turn == WARM:
                before = _blocks(dsn)
            looked, told = _one(session, url, units - expected + turn * stride, turn)
            if turn >= WARM:
                found.looked.append(looked)
                found.told.append(told)
    scans = len(found.told)
    found.blocks = (_blocks(dsn) - before) / scans
    with psycopg.connect(dsn) as conn:
        row = conn.execute("select count(*), count(distinct unit_id) from ledger.unit_event").fetchone()
    result.check(f"{units:,} units: pieces in the ledger of {scans + WARM} scans", str(row), f"({scans + WARM},) twice",
                 holds=row == (scans + WARM, scans + WARM))  # fmt: skip
    return found


def _one(session: requests.Session, url: str, number: int, turn: int) -> tuple[float, float]:
    """Scan one piece by what is on it; return the milliseconds of both requests. Raises where an answer is wrong."""
    code = str(FIRST_CODE + number)
    read = {6: code, 7: code, 8: f"WB{code}", 9: "4870000000000"}.get(turn % 10, f"{code}-1-R")
    began = time.perf_counter()
    meaning = session.get(f"{url}/desk/api/look", params={"code": read, "warehouse": WAREHOUSE}, timeout=30)
    looked = time.perf_counter() - began
    meaning.raise_for_status()
    answer = meaning.json()
    if answer["kind"] != "expected":
        raise RuntimeError(f"{read} is {answer['kind']} to the desk")
    event_id, now = str(uuid.uuid4()), NOW.isoformat()
    event: dict[str, Any] = {
        "event_id": event_id, "type": "received", "occurred_at": now, "merchant_id": MERCHANTS[0], "store_id": "PP1",
        "actor": LOGIN, "unit_label": f"B-{event_id}", "return_order_no": f"RO-{event_id}", "scan_id": event_id,
        **answer["scan"],
    }  # fmt: skip
    began = time.perf_counter()
    done = session.post(
        f"{url}/desk/api/events", json={"warehouse": WAREHOUSE, "sent_at": now, "events": [event]}, timeout=30
    )
    told = time.perf_counter() - began
    done.raise_for_status()
    (booked,) = done.json()["answers"]
    # goods that hundreds sent back: their EAN alone says nothing of whose this is
    state = "unexpected" if turn % 10 == 9 else "received"
    if booked["outcome"] != "booked" or booked["unit"]["state"] != state:
        raise RuntimeError(f"{read} became {booked}")
    if state == "received" and booked["unit"]["order_code"] != code:
        raise RuntimeError(f"{read} was taken for a piece of the order {booked['unit']['order_code']}")
    return looked * 1000, told * 1000


def _blocks(dsn: str) -> int:
    time.sleep(1.2)  # the counters are flushed once a second
    with psycopg.connect(dsn) as conn:
        row = conn.execute(BLOCKS.encode()).fetchone()
    return int(row[0]) if row else 0


def _p95(samples: list[float]) -> float:
    return sorted(samples)[max(0, -(-95 * len(samples) // 100) - 1)]


def _report(result: Result, found: dict[int, Scans]) -> None:
    for units, scans in found.items():
        result.measure(f"{units:,} units: what a code means", scans.looked, "ms")
        result.measure(f"{units:,} units: the piece is taken in", scans.told, "ms")
        result.measure(f"{units:,} units: a scan", scans.whole, "ms")
        p95 = result.measure(f"{units:,} units: a scan, p95", [_p95(scans.whole)], "ms")
        result.measure(f"{units:,} units: blocks touched a scan", [scans.blocks], "blocks")
        result.check(
            f"{units:,} units: p95 of a scan in ms",
            p95,
            f"<= {MOST_MS} (aim {AIM_MS})",
            holds=p95 <= MOST_MS,
            of_time=True,
        )
    if result.size == "full":  # tables of a few pages are scanned, whatever their indexes
        small, large = min(found), max(found)
        ratio = found[large].blocks / found[small].blocks
        result.check(f"blocks a scan: {large:,} ÷ {small:,} units", ratio, "<= 1.25", holds=ratio <= 1.25)
