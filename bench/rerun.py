"""The same again: an unchanged second run writes nothing, and a run that was killed goes on where it was."""

import signal
import time

import psycopg

from bench import ingest_server, loaders, warehouse
from bench.orders import DataSet
from bench.processes import counters, server, start
from bench.result import Result, Size

ORDERS: dict[Size, int] = {"smoke": 10_000, "full": 100_000}
WRITTEN = """
select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint
from pg_stat_user_tables
where schemaname in ('raw', 'core', 'ledger')
"""
PAGES = "select count(*) from ops.fetch_page"


def run(size: Size) -> Result:
    """Measure both."""
    result, data_set = Result("rerun", size), DataSet(ORDERS[size])
    with warehouse.running() as database:
        folder = database.folder / "data"
        ingest_server.write(data_set, folder)
        with server("bench.ingest_server", "--folder", str(folder)) as about:
            with database.database("again") as dsn:
                _again(result, database, dsn, about["url"], data_set)
            with database.database("killed") as dsn:
                _killed(result, dsn, about["url"], data_set)
    return result


def _ask(dsn: str, query: str) -> int:
    with psycopg.connect(dsn) as conn:
        row = conn.execute(query.encode()).fetchone()
    return int(row[0]) if row else 0


def _again(result: Result, database: warehouse.BenchServer, dsn: str, url: str, data_set: DataSet) -> None:
    wal = []
    for name in ("first", "second"):
        if name == "second":
            # else autovacuum does it whenever it likes: it is the first run's tidying up, not the second's work
            with psycopg.connect(database.address("again"), autocommit=True) as conn:
                conn.execute("vacuum (analyze)")
        database.checkpoint()
        time.sleep(1.2)  # the counters are flushed once a second
        before = _ask(dsn, "select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"), _ask(dsn, WRITTEN)
        done = loaders.ours(dsn, url, data_set.span(), run=name)
        time.sleep(1.2)
        after = _ask(dsn, "select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"), _ask(dsn, WRITTEN)
        wal.append(after[0] - before[0])
        result.measure(f"{name} run", [done.seconds], "s")
        result.measure(f"{name} run: WAL", [wal[-1] / (1 << 20)], "MiB")
        if name == "second":
            rows = after[1] - before[1]
            result.check("rows written by an unchanged run", float(rows), "0", holds=rows == 0)
    share = wal[1] / wal[0]
    result.check("WAL of an unchanged run ÷ first", share, "<= 0.02", holds=share <= 0.02)


def _killed(result: Result, dsn: str, url: str, data_set: DataSet) -> None:
    span = data_set.span()
    counters(url, reset=True)
    whole = data_set.count // 100
    child = start(*loaders.command("fetch", dsn, "killed", url, span, shops=1))
    while _ask(dsn, PAGES) < whole // 2:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    began = time.monotonic()
    loaders.run_task("fetch", dsn, "killed", url, span, shops=1, attempt=2)
    result.measure("the try after the kill", [time.monotonic() - began], "s")
    pages = counters(url)["by_kind"]["list"]
    needed = _ask(dsn, PAGES)
    again = pages - needed
    result.measure("pages asked for, counts left out", [float(pages)], "pages")
    result.check("pages fetched again after a kill", float(again), "<= 2", holds=again <= 2)
