"""The dashboard's pages beside a large and a very large ledger: eight people with different questions at once.

Both ledgers hold two years of returns, the large one ten times as many a day. The pages are asked over HTTP of the real
console; what they touch is counted by the database. A look at what changed is measured beside them.
"""

import datetime as dt
import http.client
import shutil
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import psycopg

from bench import warehouse
from bench.desk import _p95, _without_keys
from bench.desk_server import LOGIN
from bench.increment import BLOCKS
from bench.orders import FIRST_CODE, MERCHANTS, SKUS
from bench.processes import server
from bench.result import Result, Size
from include.db.connection import connect
from include.domain import kpi
from include.flows import dashboard, staff
from include.flows.run import Run
from runtime.postgres import LASTING_TEMPORARY

LEDGERS: dict[Size, tuple[int, int]] = {"smoke": (4_000, 16_000), "full": (1_000_000, 10_000_000)}
ASKED: dict[Size, int] = {"smoke": 64, "full": 1_600}  # pages, by all clients together
CLIENTS = 8
WARM = 2  # rounds of all questions that fill caches and are not counted
MOST_MS, AIM_MS, MOST_RATIO = 200, 150, 1.2
TOUCHED: dict[Size, int] = {"smoke": 100, "full": 2_000}  # units a look takes in
MADE_AT_ONCE = 500_000
BYTES_A_UNIT = 3_600  # with its order and line, its place in the sums, their indexes and WAL
NOW = dt.datetime(2026, 11, 25, 6, tzinfo=dt.UTC)
HISTORY = dt.timedelta(days=730)
RAW = (
    "select coalesce(sum(seq_scan + coalesce(idx_scan, 0)), 0)::bigint "
    "from pg_stat_user_tables where schemaname = 'raw'"
)
SCANNED = "select coalesce(sum(seq_tup_read), 0)::bigint from pg_stat_user_tables where relid = any(%s::regclass[])"
LARGE = ["ledger.unit", "mart.unit_place", "core.customer_order", "core.order_line"]
PAGES = ("", "flow", "speed", "causes", "money", "actions", "units", "figures/flow.csv")
# What is asked beside the page: whose goods, which goods, which weeks.
CHOICES: tuple[dict[str, str], ...] = (
    {},
    {"merchant": MERCHANTS[0]},
    {"merchant": MERCHANTS[1], "category": "Категория 3"},
    {"merchant": MERCHANTS[0], "supplier": "Поставщик 7", "weeks": "26"},
    {"merchant": MERCHANTS[1], "category": "Категория 5", "supplier": "Поставщик 27", "weeks": "52"},
    {"weeks": "52", "lang": "kk"},
    {"merchant": MERCHANTS[0], "from": "2026-06-01", "to": "2026-08-30", "lang": "en"},
    {"merchant": MERCHANTS[1], "weeks": "4"},
)
LISTS: tuple[dict[str, str], ...] = (
    {"step": "waiting", "state": "received"},
    {"step": "received", "week": "2026-11-02"},
    {"step": "resold"},
    {"step": "received", "cause": "defective"},
)


@dataclass(slots=True)
class Asked:
    """What one round came to: milliseconds by page, blocks a page, and what was read where nothing should be."""

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    blocks: float = 0
    raw: int = 0
    scanned: int = 0
    looks: list[float] = field(default_factory=list)
    look_blocks: float = 0

    @property
    def all(self) -> list[float]:
        """Return the time of every page."""
        return [one for times in self.times.values() for one in times]


def run(size: Size) -> Result:
    """Ask beside each ledger."""
    result, found = Result("dashboard", size), {}
    for units in LEDGERS[size]:
        with warehouse.running() as database:
            _must_fit(database.folder, units)
            with database.database("dashboard") as dsn:
                began = time.monotonic()
                _fill(database.address("dashboard"), dsn, units)
                _say(f"a ledger of {units:,} units made in {time.monotonic() - began:.0f} s")
                counted = result.measure(f"{units:,} units: counting all anew", [_rebuild(dsn)], "s")
                _vacuum(database.address("dashboard"))
                _say(f"all {units:,} counted anew in {counted:.0f} s; now pages are asked")
                before = _counted(dsn)
                with server("bench.desk_server", "--dsn", dsn, "--now", NOW.isoformat()) as about:
                    found[units] = _ask(about["url"], ASKED[size])
                _count(found[units], before, _counted(dsn))  # who has left has told all that he touched
                _say(f"{ASKED[size]:,} pages asked, p95 {_p95(found[units].all):.0f} ms")
                with server("bench.desk_server", "--dsn", dsn, "--now", NOW.isoformat()) as about:
                    _must_be_right(result, dsn, about["url"], units)
                _look(found[units], dsn, TOUCHED[size])
    _report(result, found)
    return result


def _say(text: str) -> None:
    sys.stdout.write(f"dashboard: {text}\n")
    sys.stdout.flush()


def _must_fit(folder: Path, units: int) -> None:
    """Raise before half an hour of work ends in a full disk."""
    free = min(shutil.disk_usage(path).free for path in (folder, LASTING_TEMPORARY))
    if free < units * BYTES_A_UNIT:
        raise RuntimeError(f"the ledger needs {units * BYTES_A_UNIT >> 30} GiB of disk, {free >> 30} are free")


def _fill(address: str, dsn: str, units: int) -> None:
    """Fill an empty warehouse; ``address`` is the superuser's, who may leave the foreign keys unchecked."""
    share = units // 100
    facts: dict[str, Any] = {
        "merchants": list(MERCHANTS), "total": units, "expected_from": units - share, "here_from": units - 2 * share,
        "first_code": FIRST_CODE, "skus": SKUS, "now": NOW, "step": HISTORY / units,
        "week": kpi.last_full_week(NOW.date()), "version": kpi.VERSION,
    }  # fmt: skip
    with connect(dsn) as conn:
        staff.grant(conn, LOGIN, "*", "supervisor", actor="bench", now=NOW)
    here = Path(__file__).resolve().parent
    ledger, more = ((here / f"dashboard_{name}.sql").read_bytes() for name in ("ledger", "marts"))
    with psycopg.connect(address, cursor_factory=psycopg.ClientCursor) as conn:
        conn.execute("set session_replication_role = replica")
        conn.execute("set maintenance_work_mem = '512MB'")
        with _without_keys(conn):
            for first in range(0, units, MADE_AT_ONCE):
                conn.execute(ledger, {**facts, "first": first, "beyond": min(first + MADE_AT_ONCE, units)})
                conn.commit()
        conn.execute(more, facts)
        conn.commit()
    _vacuum(address)


def _vacuum(address: str) -> None:
    with psycopg.connect(address, autocommit=True) as conn:
        conn.execute("vacuum (freeze, analyze)")
        conn.execute("checkpoint")


def _rebuild(dsn: str) -> float:
    began = time.monotonic()
    for merchant_id in MERCHANTS:
        dashboard.rebuild(dsn, NOW, "bench", merchant_id)
    return time.monotonic() - began


def _questions() -> list[tuple[str, str]]:
    """Return each page with each choice, as (page, address)."""
    found = []
    for place, choice in enumerate(CHOICES):
        for page in PAGES:
            asked = {**choice, **LISTS[place % len(LISTS)]} if page == "units" else choice
            found.append((page, f"/{page}?{urlencode(asked)}"))
    return found


def _ask(url: str, count: int) -> Asked:
    """Ask ``count`` pages by eight clients at once, without a pause; each begins elsewhere in the questions."""
    questions, found = _questions(), Asked()
    for _ in range(WARM):
        for _page, address in questions:
            _get(url, address)
    lock = threading.Lock()

    def client(number: int) -> None:
        own: dict[str, list[float]] = defaultdict(list)
        for turn in range(count // CLIENTS):
            page, address = questions[(number * 11 + turn * 7) % len(questions)]
            own[page].append(_get(url, address))
        with lock:
            for page, times in own.items():
                found.times[page].extend(times)

    clients = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    if len(found.all) != count:
        raise RuntimeError(f"only {len(found.all)} of {count} pages came")
    return found


def _count(found: Asked, before: list[int], after: list[int]) -> None:
    """Write down what all pages touched, those that filled caches with them."""
    blocks, found.raw, found.scanned = (now - then for now, then in zip(after, before, strict=True))
    found.blocks = blocks / (len(found.all) + WARM * len(_questions()))


def _get(url: str, address: str) -> float:
    """Ask one page as a browser does; return the milliseconds. Raises where the answer is wrong."""
    began = time.perf_counter()
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    connection.request("GET", address)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    took = (time.perf_counter() - began) * 1000
    if answer.status != http.client.OK or not body:
        raise RuntimeError(f"{address} answered {answer.status}")
    return took


def _counted(dsn: str) -> list[int]:
    """Return blocks touched, scans of raw tables, and rows read by scans of the large tables, so far."""
    time.sleep(1.2)  # the counters are flushed once a second
    with psycopg.connect(dsn) as conn:
        rows = [conn.execute(BLOCKS.encode()), conn.execute(RAW.encode()), conn.execute(SCANNED.encode(), (LARGE,))]
        return [int((row.fetchone() or (0,))[0]) for row in rows]


def _must_be_right(result: Result, dsn: str, url: str, units: int) -> None:
    """Compare what a file says with what the ledger holds."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    connection.request("GET", "/figures/flow.csv?lang=en&from=2020-01-01&to=2026-11-29")
    lines = connection.getresponse().read().decode("utf-8-sig").splitlines()[1:]
    connection.close()
    told = [sum(int(line.split(";")[column]) for line in lines) for column in (1, 2, 4)]
    with psycopg.connect(dsn) as conn:
        row = conn.execute(
            "select count(requested_at), count(received_at), count(*) filter (where state = 'resold') from ledger.unit"
        ).fetchone()
    held = list(row or ())
    result.check(f"{units:,} units: requested, received and sold again on the page", str(told), f"{held} in the ledger",
                 holds=told == held)  # fmt: skip


def _look(found: Asked, dsn: str, count: int) -> None:
    """Let ``count`` units change, and look: what is touched must not depend on how many there are."""
    for number in range(3):
        with connect(dsn) as conn:
            conn.execute(
                "update ledger.unit set stated_reason = 'incomplete' where unit_id in "
                "(select unit_id from ledger.unit where unit_id > %s::uuid order by unit_id limit %s)",
                (f"{5 * number + 1:x}0000000-0000-0000-0000-000000000000", count),
            )
        before, began = _counted(dsn)[0], time.perf_counter()
        looked = dashboard.refresh(dsn, Run("warehouse_receipts_reconcile", f"look-{number}", NOW), "bench")
        found.looks.append(time.perf_counter() - began)
        if looked != count:
            raise RuntimeError(f"a look at {count} changed units took in {looked}")
        found.look_blocks = (_counted(dsn)[0] - before) / count


def _report(result: Result, found: dict[int, Asked]) -> None:
    for units, asked in found.items():
        for page, times in sorted(asked.times.items()):
            result.measure(f"{units:,} units: {page or 'overview'}", times, "ms")
            result.measure(f"{units:,} units: {page or 'overview'}, p95", [_p95(times)], "ms")
        p95 = result.measure(f"{units:,} units: all pages, p95", [_p95(asked.all)], "ms")
        result.measure(f"{units:,} units: blocks touched a page", [asked.blocks], "blocks")
        result.measure(f"{units:,} units: a look at what changed", asked.looks, "s")
        result.measure(f"{units:,} units: blocks touched a changed unit", [asked.look_blocks], "blocks")
        result.check(
            f"{units:,} units, {CLIENTS} clients: p95 of a page in ms", p95, f"<= {MOST_MS} (aim {AIM_MS})",
            holds=p95 <= MOST_MS, of_time=True,
        )  # fmt: skip
        result.check(f"{units:,} units: scans of raw tables", asked.raw, "0", holds=asked.raw == 0)
        if result.size == "full":  # tables of a few pages are scanned, whatever their indexes
            result.check(f"{units:,} units: rows of large tables read without an index", asked.scanned, "0",
                         holds=asked.scanned == 0)  # fmt: skip
    if result.size == "full":
        small, large = min(found), max(found)
        for what, ratio in (
            ("blocks a page", found[large].blocks / found[small].blocks),
            ("blocks a changed unit", found[large].look_blocks / found[small].look_blocks),
        ):
            result.check(f"{what}: {large:,} ÷ {small:,} units", ratio, f"<= {MOST_RATIO}", holds=ratio <= MOST_RATIO)
        ratio = _p95(found[large].all) / _p95(found[small].all)
        result.check(
            f"p95 of a page: {large:,} ÷ {small:,} units", ratio, f"<= {MOST_RATIO}", holds=ratio <= MOST_RATIO,
            of_time=True,
        )  # fmt: skip
