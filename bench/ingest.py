"""Orders over HTTP into raw and typed tables: ours, tuned dlt, and the floor, interleaved on the same rows.

Ours is one run of the DAG's three steps: every merchant fetched side by side, the gate, publishing, each task in a
process of its own as Airflow starts them, with all safety on. The floor is binary COPY of the finished tables.
"""

import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from bench import ingest_server, loaders, peers, warehouse
from bench.loaders import Ours
from bench.orders import DataSet
from bench.processes import server
from bench.result import Result, Size

SIZES: dict[Size, tuple[int, ...]] = {"smoke": (10_000,), "full": (10_000, 100_000, 1_000_000)}
REPETITIONS: dict[Size, int] = {"smoke": 1, "full": 5}
DISPOSITIONS = ("replace", "merge")
ONE_PEER_FROM = 100_000
MEBIBYTES = 100
SAME = {
    "orders": (
        "select order_id, code, status, total_price, (extract(epoch from created_at) * 1000)::bigint "
        "from core.customer_order",
        "orders.csv",
        "order_id text, code text, status text, total_price bigint, created_ms bigint",
    ),
    "lines": (
        "select entry_id, sku, quantity::bigint, base_price from core.order_line",
        "lines.csv",
        "entry_id text, sku text, quantity bigint, base_price bigint",
    ),
}


@dataclass(slots=True)
class Samples:
    """What the repetitions at one size gave, in seconds."""

    ours: list[Ours] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    dlt: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in DISPOSITIONS})

    def faster(self) -> tuple[str, ...]:
        """Return the disposition that took dlt less time, where it was measured."""
        measured = {name: statistics.median(seconds) for name, seconds in self.dlt.items() if seconds}
        return (min(measured, key=measured.__getitem__),) if measured else ()


def run(size: Size) -> Result:
    """Compare at each size; check the bounds at the largest."""
    result = Result("ingest", size)
    with_peer = size == "full"
    python = peers.dlt_python() if with_peer else None
    with warehouse.running() as database:
        over: dict[int, float] = {}
        dispositions: tuple[str, ...] = DISPOSITIONS if python else ()
        for count in SIZES[size]:
            samples = _compare(database, count, REPETITIONS[size], python, dispositions)
            over[count] = _report(result, count, samples)
            # the peer's faster way is the one to beat; at a million rows the other one would only take its time
            dispositions = samples.faster() if count >= ONE_PEER_FROM else dispositions
    if size == "full":
        smallest, largest = min(over), max(over)
        ratio = over[largest] / over[smallest]
        result.check("loader's memory over its interpreter", over[largest], f"<= {MEBIBYTES} MiB",
                     holds=over[largest] <= MEBIBYTES)  # fmt: skip
        result.check(f"memory at {largest:,} ÷ at {smallest:,}", ratio, "<= 1.05", holds=ratio <= 1.05)
    return result


def _compare(
    database: warehouse.BenchServer, count: int, repetitions: int, python: Path | None, dispositions: tuple[str, ...]
) -> Samples:
    samples, data_set, folder = Samples(), DataSet(count), database.folder / str(count)
    ingest_server.write(data_set, folder)
    kept = folder / "kept"
    kept.mkdir()
    with server("bench.ingest_server", "--folder", str(folder)) as about:
        url = about["url"]
        for repetition in range(repetitions):
            began = time.monotonic()
            with database.database("ours") as dsn:
                database.checkpoint()
                samples.ours.append(loaders.ours(dsn, url, data_set.span()))
                if repetition == 0:
                    must_be_same(dsn, folder)
                    loaders.keep_finished(dsn, kept)
            with database.database("floor", warehouse.OWNER) as dsn:
                database.checkpoint()
                samples.floor.append(loaders.floor(dsn, kept))
                if repetition == 0:
                    must_be_same(dsn, folder)
            for disposition in dispositions:
                assert python is not None
                with database.database("dlt", warehouse.OWNER) as dsn:
                    database.checkpoint()
                    report = loaders.dlt(python, dsn, url, data_set, disposition)
                    samples.dlt[disposition].append(report["seconds"])
                    if repetition == 0:
                        must_be_same(dsn, folder, loaders.DLT_SAME)
            sys.stdout.write(
                f"ingest: {count:,} orders, round {repetition + 1} of {repetitions}: {time.monotonic() - began:.0f} s\n"
            )
            sys.stdout.flush()
    return samples


def must_be_same(dsn: str, folder: Path, queries: dict[str, str] | None = None) -> None:
    """Raise where the rows in a database are not those that the server has, compared both ways."""
    with psycopg.connect(dsn) as conn:
        for name, (ours, file, columns) in SAME.items():
            query = (queries or {}).get(name, ours)
            conn.execute(f"create temporary table wanted_{name} ({columns}) on commit drop".encode())
            with (
                (folder / file).open("rb") as rows,
                conn.cursor().copy(f"copy wanted_{name} from stdin (format csv)".encode()) as copy,
            ):
                while block := rows.read(loaders.BLOCK):
                    copy.write(block)
            for left, right in ((query, f"select * from wanted_{name}"), (f"select * from wanted_{name}", query)):
                row = conn.execute(f"select count(*) from (({left}) except ({right})) as other".encode()).fetchone()
                if row is None or row[0]:
                    raise RuntimeError(f"{name}: {row and row[0]} rows differ: {left} except {right}")
            found = conn.execute(f"select count(*) from ({query}) as a".encode()).fetchone()
            expected = conn.execute(f"select count(*) from wanted_{name}".encode()).fetchone()
            if found != expected:
                raise RuntimeError(f"{name}: {found} rows, {expected} wanted")


def _report(result: Result, count: int, samples: Samples) -> float:
    """Add the figures of one size; return the loader's memory over its interpreter, in MiB."""

    def rate(name: str, seconds: list[float]) -> float:
        return result.measure(f"{name}, {count:,}", [count / one for one in seconds], "orders/s")

    ours = rate("ours", [one.seconds for one in samples.ours])
    for step, seconds in (
        ("fetch", [one.fetch.seconds for one in samples.ours]),
        ("gate, statements", [one.gate.seconds for one in samples.ours]),
        (
            "gate, import of Great Expectations (beside)",
            [max(task.import_seconds for task in one.gate.tasks) for one in samples.ours],
        ),
        ("publish", [one.publish.seconds for one in samples.ours]),
    ):
        result.measure(f"  {step}, {count:,}", seconds, "s")
    memory = result.measure(
        f"  memory over the interpreter, {count:,}", [one.over_interpreter for one in samples.ours], "MiB"
    )
    floor = rate("floor", samples.floor)
    tuned = max((rate(f"dlt, {name}", found) for name, found in samples.dlt.items() if found), default=0.0)
    if count == max(SIZES["full"]):
        result.check("ours ÷ tuned dlt", ours / tuned, ">= 3 (aim 4.5)", holds=ours >= 3 * tuned)
        result.check("ours ÷ floor", ours / floor, ">= 0.30 (aim 0.40)", holds=ours >= 0.3 * floor)
    return memory
