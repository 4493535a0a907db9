"""The gate of every flow over a batch of 10,000 rows: cold, warm, and whether it grows with what lies beside the batch.

Cold is a whole run of each DAG, every task of it the DAG file's own in a process of its own: which of them imports
Great Expectations, and how often, is counted there. Warm is the same process judging again. The same batch lies in two
warehouses, one with three times the history, and both take turns. The gate of `housekeeping` has no batch: it
looks at all there is, once a night, and is only in the count of imports.
"""

import json
import os
import socket
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from cryptography.fernet import Fernet

from bench import feed, ingest_server, warehouse
from bench.orders import END_MS, FIRST_CODE, MERCHANTS, DataSet
from bench.processes import report_of, server, start
from bench.result import Result, Size
from runtime.ports import LOOPBACK

FLOWS = (
    "kaspi_returns_ingest", "warehouse_receipts_reconcile", "restock_sync", "restock_reconcile_daily",
    "return_causes_weekly",
)  # fmt: skip
HISTORIES: dict[Size, tuple[int, int]] = {"smoke": (2_000, 8_000), "full": (1_000_000, 3_000_000)}
ROWS: dict[Size, int] = {"smoke": 1_000, "full": 10_000}
ROUNDS: dict[Size, int] = {"smoke": 2, "full": 11}
DAGS: dict[Size, tuple[str, ...]] = {
    "smoke": ("kaspi_returns_ingest", "restock_sync"), "full": (*FLOWS, "housekeeping"),
}  # fmt: skip
ORDERS = 1_000  # of the runs whose tasks are looked at
SECONDS, RATIO = 1.0, 1.15
PARTS = {"return_causes_weekly": 2}  # a merchant's and the house's
HERE = Path(__file__).resolve().parent


def run(size: Size) -> Result:
    """Run the DAGs, then judge the batch beside both histories."""
    result = Result("gates", size)
    with warehouse.running() as database:
        _imports(result, database, DAGS[size])
        with ExitStack() as stack:
            there = [stack.enter_context(_history(database, count, ROWS[size])) for count in HISTORIES[size]]
            database.checkpoint()
            arguments = [argument for dsn in there for argument in ("--dsn", dsn)]
            told = report_of(
                start(sys.executable, "-m", "bench.gate_task", *FLOWS, *arguments, "--rounds", str(ROUNDS[size]))
            )
    for flow in FLOWS:
        _report(result, flow, dict(zip(HISTORIES[size], told[flow], strict=True)), ROWS[size])
    return result


def _report(result: Result, flow: str, judged: dict[int, dict[str, Any]], rows: int) -> None:
    small, large = judged
    medians: dict[int, dict[str, float]] = defaultdict(dict)
    passed = {"passed": PARTS.get(flow, 1), "held": 0, "quarantined": 0}
    for count, found in judged.items():
        # the first round is cold: connections, catalogues, what the library loads only when it is used
        medians[count]["time"] = result.measure(f"{flow}, beside {count:,}: warm", found["seconds"][1:], "s")
        medians[count]["blocks"] = result.measure(f"{flow}, beside {count:,}: blocks", found["blocks"][1:], "blocks")
        holds = found["found"] == passed
        result.check(f"{flow}, beside {count:,}", str(found["found"]), str(passed), holds=holds)
    result.check(f"{flow}: {rows:,} rows, warm", medians[small]["time"], f"<= {SECONDS:.0f} s",
                 holds=medians[small]["time"] <= SECONDS, of_time=True)  # fmt: skip
    if result.size == "smoke":  # tables of a few pages are scanned, whatever their indexes
        return
    pairs = zip(judged[large]["seconds"][1:], judged[small]["seconds"][1:], strict=True)
    ratios = {
        # each round beside the one just before it: what else the machine did touched both
        "time": result.measure(f"{flow}, a round's time: {large:,} ÷ {small:,}", [a / b for a, b in pairs], ""),
        "blocks": medians[large]["blocks"] / medians[small]["blocks"],
    }
    for what, ratio in ratios.items():
        result.check(f"{flow}, {what}: {large:,} ÷ {small:,}", ratio, f"<= {RATIO}", holds=ratio <= RATIO)


@contextmanager
def _history(database: warehouse.BenchServer, count: int, rows: int) -> Iterator[str]:
    """Make a warehouse with ``count`` orders and as much of everything else, and a batch of ``rows`` for each gate."""
    name = f"beside_{count}"
    facts = {
        "merchant_id": MERCHANTS[0], "total": count, "rows": rows, "first_code": FIRST_CODE, "end_ms": END_MS,
    }  # fmt: skip
    with database.database(name) as dsn:
        began = time.monotonic()
        # the superuser may leave foreign keys unchecked
        with psycopg.connect(database.address(name), cursor_factory=psycopg.ClientCursor) as conn:
            conn.execute("set session_replication_role = replica")
            for file in ("gate_history.sql", "gate_batches.sql"):
                conn.execute((HERE / file).read_bytes(), facts)
                conn.commit()
            conn.autocommit = True
            conn.execute("vacuum (freeze, analyze)")  # else autovacuum comes in the middle of a round
        sys.stdout.write(f"gates: a history of {count:,} made in {time.monotonic() - began:.0f} s\n")
        sys.stdout.flush()
        yield dsn


def _imports(result: Result, database: warehouse.BenchServer, dags: tuple[str, ...]) -> None:
    """Run each DAG's tasks over a small world and count who imports Great Expectations."""
    data_set, folder = DataSet(ORDERS), database.folder / "shop"
    ingest_server.write(data_set, folder)
    feed.write(folder, ORDERS)
    with (
        server("bench.ingest_server", "--folder", str(folder)) as about,
        database.database("tasks") as dsn,
        _mail_server() as port,
        tempfile.TemporaryDirectory(prefix="qaitarym-bench-") as home,
    ):
        world = _surroundings(dsn, about["url"], folder, port, data_set) | _airflow(Path(home))
        told = report_of(start(sys.executable, "-m", "bench.dag_tasks", *dags, **world))
    result.check("imported before any task", str(told["parent_imported"]), "False", holds=not told["parent_imported"])
    for dag_id in dags:
        tasks = told["dags"][dag_id]
        failed = [f"{one['task']}: {one['became']}" for one in tasks if one["became"] not in ("done", "skipped")]
        result.check(f"{dag_id}: tasks that failed", "; ".join(failed) or "none", "none", holds=not failed)
        importing = [one["task"] for one in tasks for _ in range(one["imports"])]
        gates = [one for one in tasks if one["task"] == "gate"]  # one, or one a merchant
        wanted = ["gate"] * len(gates)
        result.check(f"{dag_id}: tasks that import Great Expectations, of {len(tasks)}", ", ".join(importing),
                     ", ".join(wanted), holds=importing == wanted)  # fmt: skip
        seconds = [one["seconds"] for one in gates]
        result.measure(f"{dag_id}: the gate's task, cold, with the import", seconds, "s")


def _surroundings(dsn: str, url: str, folder: Path, port: int, data_set: DataSet) -> dict[str, str]:
    """Return the connections of the DAGs, and the range of the run, as variables of the environment."""
    begin, end = data_set.span()
    parts = urlsplit(dsn)
    smtp = {"disable_ssl": True, "disable_tls": True, "from_email": "returns@qaitarym.example"}
    known = {
        "warehouse_db": parts._replace(scheme="postgres").geturl(),
        "privacy_key": json.dumps({"conn_type": "generic", "password": Fernet.generate_key().decode()}),
        "smtp_reports": json.dumps({"conn_type": "smtp", "host": LOOPBACK, "port": port, "extra": smtp}),
    }
    for number, merchant_id in enumerate(MERCHANTS):
        shop = {"host": f"{url}/shop/api/v2", "password": f"share-{number}-of-{len(MERCHANTS)}"}
        known[f"kaspi_shop_{merchant_id}"] = json.dumps(
            {"conn_type": "http", **shop, "extra": {"requests_per_second": 1_000}}
        )
        known[f"base_list_{merchant_id}"] = json.dumps({"conn_type": "file", "host": f"file://{folder}/base.xml"})
    return {
        **{f"AIRFLOW_CONN_{name.upper()}": value for name, value in known.items()},
        "QAITARYM_BENCH_FROM": begin.isoformat(),
        "QAITARYM_BENCH_TO": end.isoformat(),
    }


def _airflow(home: Path) -> dict[str, str]:
    """Return the settings of an Airflow of nobody's."""
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(home),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(home),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "PATH": os.environ["PATH"],
    }


@contextmanager
def _mail_server() -> Iterator[int]:
    """Take mail and throw it away; yield the port."""
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        port = free.getsockname()[1]
    controller = Controller(Sink(), hostname=LOOPBACK, port=port)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()
