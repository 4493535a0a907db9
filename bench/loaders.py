"""The ways an order comes into PostgreSQL that are compared: ours, the floor, dlt. Each returns what it measured."""

import datetime as dt
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from bench.orders import MERCHANTS, DataSet
from bench.processes import report_of, start

UNLIMITED = 1_000_000.0
FINISHED = ("core.customer_order", "core.order_line", "core.order_observation", "raw.order_payload")
BLOCK = 1 << 20
# What dlt made of the same orders and lines, in the form in which they are compared.
DLT_SAME = {
    "orders": "select id, attributes__code, attributes__status, attributes__total_price::bigint, "
    "attributes__creation_date from dlt_orders.orders",
    "lines": "select id, attributes__offer__code, attributes__quantity::bigint, attributes__base_price::bigint "
    "from dlt_orders.entries",
}


@dataclass(frozen=True, slots=True)
class Task:
    """What one task of ours reported; memory in MiB."""

    seconds: float
    cpu: float
    import_seconds: float
    bare_mib: float
    imported_mib: float
    peak_mib: float
    found: Any


@dataclass(frozen=True, slots=True)
class Step:
    """A task of each merchant, side by side as the DAG's mapped tasks; from the first begin to the last end."""

    tasks: tuple[Task, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Ours:
    """One run of our ingest: every merchant's fetch, gate and publishing."""

    fetch: Step
    gate: Step
    publish: Step

    @property
    def seconds(self) -> float:
        """Return the time of all."""
        return self.fetch.seconds + self.gate.seconds + self.publish.seconds

    @property
    def over_interpreter(self) -> float:
        """Return the most memory that a task which loads had over a bare interpreter."""
        return max(one.peak_mib - one.bare_mib for one in (*self.fetch.tasks, *self.publish.tasks))


def command(
    task: str, dsn: str, run: str, url: str, span: tuple[dt.datetime, dt.datetime], *, merchant: int = 0,
    shops: int = len(MERCHANTS), rate: float = UNLIMITED, attempt: int = 1,
) -> list[str]:  # fmt: skip
    """Return the command line of one task of ours."""
    return [
        sys.executable, "-m", "bench.ours", task, "--dsn", dsn, "--run", run, "--merchant", MERCHANTS[merchant],
        "--token", f"share-{merchant}-of-{shops}", "--url", url, "--from", span[0].isoformat(), "--to",
        span[1].isoformat(), "--requests-per-second", str(rate), "--attempt", str(attempt),
    ]  # fmt: skip


def task_of(report: dict[str, Any]) -> Task:
    """Return what a task reported."""
    return Task(**{name: value for name, value in report.items() if name not in ("task", "began", "ended")})


def run_task(*arguments: Any, **more: Any) -> Task:
    """Run one task of ours to its end."""
    return task_of(report_of(start(*command(*arguments, **more))))


def all_shops(
    task: str, dsn: str, url: str, span: tuple[dt.datetime, dt.datetime], run: str, *, shops: int = len(MERCHANTS),
    rate: float = UNLIMITED,
) -> Step:  # fmt: skip
    """Run one task of every merchant, side by side."""
    children = [
        start(*command(task, dsn, run, url, span, merchant=number, shops=shops, rate=rate)) for number in range(shops)
    ]
    reports = [report_of(child) for child in children]
    seconds = max(one["ended"] for one in reports) - min(one["began"] for one in reports)
    return Step(tuple(map(task_of, reports)), seconds)


def ours(
    dsn: str,
    url: str,
    span: tuple[dt.datetime, dt.datetime],
    *,
    run: str = "bench",
    shops: int = len(MERCHANTS),
) -> Ours:
    """Fetch, judge and publish, each task in a process of its own; raise where a gate held anything back."""
    fetched, judged, published = (
        all_shops(task, dsn, url, span, run, shops=shops) for task in ("fetch", "gate", "publish")
    )
    for one in judged.tasks:
        if one.found != {"passed": 1, "held": 0, "quarantined": 0}:
            raise RuntimeError(f"a gate judged {one.found}: a figure of an ingest that was held is none")
    return Ours(fetched, judged, published)


def keep_finished(dsn: str, folder: Path, tables: tuple[str, ...] = FINISHED) -> None:
    """Keep the finished tables as binary COPY files, in the order the loader left the rows."""
    with psycopg.connect(dsn) as conn:
        for table in tables:
            name = sql.Identifier(*table.split("."))
            query = sql.SQL("copy {} to stdout (format binary)").format(name)
            with (folder / f"{table}.copy").open("wb") as file, conn.cursor().copy(query) as copy:
                for block in copy:
                    file.write(block)


def floor(dsn: str, folder: Path, tables: tuple[str, ...] = FINISHED) -> float:
    """COPY the kept tables into an empty warehouse, one transaction, every key checked; return the seconds."""
    import time

    with psycopg.connect(dsn) as conn:
        began = time.perf_counter()
        for table in tables:
            query = sql.SQL("copy {} from stdin (format binary)").format(sql.Identifier(*table.split(".")))
            with (folder / f"{table}.copy").open("rb") as file, conn.cursor().copy(query) as copy:
                while block := file.read(BLOCK):
                    copy.write(block)
        conn.commit()
        return time.perf_counter() - began


def dlt(python: Path, dsn: str, url: str, data_set: DataSet, disposition: str) -> dict[str, Any]:
    """Load the same orders by dlt, in its own environment; return its report."""
    begin, end = data_set.span()
    return report_of(
        start(
            str(python), str(Path(__file__).parent / "peers" / "dlt_orders.py"), "--dsn", dsn, "--url", url, "--from",
            begin.isoformat(), "--to", end.isoformat(), "--disposition", disposition, "--nesting", "2",
        )
    )  # fmt: skip
