"""An increment must not cost more because there is more history: 10,000 changed orders beside 1 and 10 million others.

A history is made by SQL as if it had been read long ago. Each repetition ingests other orders, every one of which
changed its status since; both histories take turns.
"""

import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench import ingest_server, loaders, warehouse
from bench.orders import END_MS, FIRST_CODE, MERCHANTS, SKUS, STEP_MS, DataSet
from bench.processes import server
from bench.result import Result, Size
from runtime.postgres import LASTING_TEMPORARY

HISTORIES: dict[Size, tuple[int, int]] = {"smoke": (10_000, 40_000), "full": (1_000_000, 10_000_000)}
CHANGED: dict[Size, int] = {"smoke": 1_000, "full": 10_000}
REPETITIONS: dict[Size, int] = {"smoke": 1, "full": 5}
MADE_AT_ONCE = 250_000
BYTES_AN_ORDER = 2_500  # of history, its indexes and WAL included
HERE = Path(__file__).resolve().parent
# Rows that were read or written, and blocks that were asked for, by anybody in this database.
TOUCHED = """
select
    sum(seq_tup_read + coalesce(idx_tup_fetch, 0) + n_tup_ins + n_tup_upd + n_tup_del)::bigint,
    sum(n_tup_ins + n_tup_upd + n_tup_del) filter (where schemaname in ('raw', 'core', 'ledger'))::bigint
from pg_stat_user_tables
"""
BLOCKS = """
select sum(
    heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0)
    + coalesce(toast_blks_read + toast_blks_hit, 0) + coalesce(tidx_blks_read + tidx_blks_hit, 0)
)::bigint
from pg_statio_user_tables
"""
ORDERS = "select count(*) from core.customer_order"
STATUS_CHANGES = "select count(*) from core.order_observation where episode = 2"


@dataclass(frozen=True, slots=True)
class Touched:
    """What an increment did: seconds of its three tasks; rows and blocks touched, rows written in business tables."""

    seconds: float
    rows: int
    blocks: int
    written: int


@dataclass(frozen=True, slots=True)
class History:
    """A warehouse with ``count`` orders, and the shop that has changed the newest of them."""

    count: int
    dsn: str
    url: str
    changed: DataSet


def run(size: Size) -> Result:
    """Ingest increments into both histories in turn; compare what each costs an order that changed."""
    result = Result("increment", size)
    changed, repetitions = CHANGED[size], REPETITIONS[size]
    found: dict[int, list[Touched]] = defaultdict(list)
    with warehouse.running() as database, ExitStack() as stack:
        _must_fit(database.folder, sum(HISTORIES[size]))
        histories = [
            stack.enter_context(_history(database, count, changed * (repetitions + 1))) for count in HISTORIES[size]
        ]
        for repetition in range(repetitions + 1):
            for history in histories:
                one = _ingest(database, history, repetition, changed)
                if repetition:  # the first one fills caches; it also has the newest orders, of which some stay open
                    found[history.count].append(one)
                sys.stdout.write(f"increment: {history.count:,} orders, round {repetition}: {one.seconds:.1f} s\n")
                sys.stdout.flush()
        for history in histories:
            _must_be_whole(history, changed * (repetitions + 1))
    _report(result, found, changed)
    return result


def _must_fit(folder: Path, orders: int) -> None:
    """Raise before hours of work end in a full disk."""
    free = min(shutil.disk_usage(path).free for path in (folder, LASTING_TEMPORARY))
    if free < orders * BYTES_AN_ORDER:
        raise RuntimeError(f"the histories need {orders * BYTES_AN_ORDER >> 30} GiB of disk, {free >> 30} are free")


@contextmanager
def _history(database: warehouse.BenchServer, count: int, changing: int) -> Iterator[History]:
    """Make a warehouse with ``count`` orders, the newest ``changing`` on their way; serve what became of these."""
    changed = DataSet(changing, first=count - changing)
    name = f"history_{count}"
    with database.database(name) as dsn:
        began = time.monotonic()
        _fill(database.address(name), count, changed.first)
        sys.stdout.write(f"increment: a history of {count:,} orders made in {time.monotonic() - began:.0f} s\n")
        sys.stdout.flush()
        folder = database.folder / name
        ingest_server.write(changed, folder)
        with server("bench.ingest_server", "--folder", str(folder)) as about:
            yield History(count, dsn, about["url"], changed)


def _fill(address: str, count: int, under_way: int) -> None:
    """Fill an empty warehouse; ``address`` is the superuser's, who may leave the foreign keys unchecked."""
    facts = {
        "merchant_id": MERCHANTS[0], "total": count, "under_way": under_way, "first_code": FIRST_CODE, "skus": SKUS,
        "end_ms": END_MS, "step_ms": STEP_MS,
    }  # fmt: skip
    history, sweeps = (HERE / name for name in ("history.sql", "sweeps.sql"))
    with psycopg.connect(address, cursor_factory=psycopg.ClientCursor) as conn:
        conn.execute("set session_replication_role = replica")
        conn.commit()
        for first in range(0, count, MADE_AT_ONCE):
            beyond = min(first + MADE_AT_ONCE, count)
            conn.execute(history.read_bytes(), {**facts, "first": first, "beyond": beyond})
            conn.commit()
        conn.execute(sweeps.read_bytes(), facts)
        conn.commit()
        conn.autocommit = True
        conn.execute("vacuum (freeze, analyze)")  # else autovacuum comes in the middle of a repetition


def _ingest(database: warehouse.BenchServer, history: History, repetition: int, changed: int) -> Touched:
    beyond = history.count - repetition * changed
    span = history.changed.span(beyond - changed, beyond)
    database.checkpoint()
    before = _counted(history.dsn)
    done = loaders.ours(history.dsn, history.url, span, run=f"increment-{repetition}", shops=1)
    rows, written, blocks = (now - then for now, then in zip(_counted(history.dsn), before, strict=True))
    return Touched(done.seconds, rows, blocks, written)


def _counted(dsn: str) -> tuple[int, int, int]:
    """Return rows touched, business rows written and blocks touched so far."""
    time.sleep(1.2)  # the counters are flushed once a second
    with psycopg.connect(dsn) as conn:
        rows, blocks = conn.execute(TOUCHED.encode()).fetchone(), conn.execute(BLOCKS.encode()).fetchone()
    assert rows is not None
    assert blocks is not None
    return int(rows[0]), int(rows[1] or 0), int(blocks[0])


def _must_be_whole(history: History, changed: int) -> None:
    """Raise unless every changed order was seen to change and no order came twice: else the figures mean nothing."""
    with psycopg.connect(history.dsn) as conn:
        orders, statuses = (conn.execute(query.encode()).fetchone() for query in (ORDERS, STATUS_CHANGES))
    # of the newest orders, which the first increment reads, some still have the status they had
    newest = range(history.changed.beyond - min(changed, 2_000), history.changed.beyond)
    same = sum(history.changed.order(index).status == "ACCEPTED_BY_MERCHANT" for index in newest)
    if orders != (history.count,) or statuses != (changed - same,):
        raise RuntimeError(f"{orders} orders and {statuses} changed ones of {history.count} and {changed - same}")


def _report(result: Result, found: dict[int, list[Touched]], changed: int) -> None:
    medians: dict[int, dict[str, float]] = {}
    for count, rounds in found.items():
        medians[count] = {
            "time": result.measure(f"{count:,} orders: time", [one.seconds for one in rounds], "s"),
            "rows touched": result.measure(
                f"{count:,} orders: rows touched a changed order", [one.rows / changed for one in rounds], "rows"
            ),
            "blocks touched": result.measure(
                f"{count:,} orders: blocks touched a changed order", [one.blocks / changed for one in rounds], "blocks"
            ),
            "business rows written": result.measure(
                f"{count:,} orders: business rows written a changed order",
                [one.written / changed for one in rounds],
                "rows",
            ),
        }
    small, large = min(medians), max(medians)
    bounds = {"time": 1.2, "rows touched": 1.25, "blocks touched": 1.25, "business rows written": 1.01}
    if result.size == "smoke":  # tables of a few pages are scanned, whatever their indexes
        bounds = {"business rows written": bounds["business rows written"]}
    for what, bound in bounds.items():
        ratio = medians[large][what] / medians[small][what]
        result.check(f"{what}: {large:,} ÷ {small:,}", ratio, f"<= {bound}", holds=ratio <= bound)
