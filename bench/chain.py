"""The daily chain in a real Airflow: its wall time, the work in it, and the rest, which is Airflow's own."""

import datetime as dt
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg

from bench.result import Result, Size
from runtime.airflow_api import AirflowApi

ROOT = Path(__file__).resolve().parents[1]
CHAIN = ("kaspi_returns_ingest", "warehouse_receipts_reconcile", "restock_sync", "restock_reconcile_daily")
REPETITIONS = {"smoke": 1, "full": 5}
TASKS_BOUND = 10
SECONDS_A_TASK = 1.0  # Airflow's own time for a task in sequence, measured on a machine of two cores
WRITTEN = """
select sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint as rows
from pg_stat_user_tables
where
    schemaname in ('core', 'ledger', 'channel')
    and relname not in ('base_list', 'feed_fetch', 'observation')
    and relname not like 'stage%'
"""


def _summary() -> dict[str, Any]:
    """Return the running demonstration's summary, bringing it up where it is not."""
    path = Path(os.environ.get("QAITARYM_RUN_DIR") or ROOT / ".run") / "summary.json"
    subprocess.run([sys.executable, "-m", "runtime", "demo"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return dict(json.loads(path.read_text(encoding="utf-8")))


def _wait(api: AirflowApi, dag_id: str, run_id: str) -> dict[str, Any]:
    while True:
        run = api.run(dag_id, run_id)
        if run["state"] in ("success", "failed"):
            return run
        time.sleep(0.2)


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def _measure(api: AirflowApi, dag_id: str) -> dict[str, float | str]:
    """Run one DAG; return seconds of wall and of work (the time in which at least one task ran), and its tasks."""
    run_id = api.trigger(dag_id)["dag_run_id"]
    run = _wait(api, dag_id, run_id)
    tasks = api.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances", params={"limit": 100})["task_instances"]
    spans = sorted((_moment(one["start_date"]), _moment(one["end_date"])) for one in tasks if one["start_date"])
    work, until = dt.timedelta(), dt.datetime.min.replace(tzinfo=dt.UTC)
    for begin, end in spans:
        work += max(dt.timedelta(), end - max(begin, until))
        until = max(until, end)
    wall = _moment(run["end_date"]) - _moment(run["queued_at"] or run["start_date"])
    return {
        "state": run["state"],
        "wall": wall.total_seconds(),
        "work": work.total_seconds(),
        "tasks": float(len({one["task_id"] for one in tasks})),
    }


def _written(dsn: str) -> int:
    with psycopg.connect(dsn) as conn:
        time.sleep(1.2)  # the counters are flushed once a second
        row = conn.execute(WRITTEN).fetchone()
    return int(row[0]) if row else 0


def run(size: Size) -> Result:
    """Run the chain over an unchanged world again and again."""
    result = Result("chain", size)
    summary = _summary()
    api = AirflowApi(summary["airflow_url"], summary["username"], summary["password"])
    samples: dict[str, list[dict[str, float | str]]] = {dag_id: [] for dag_id in CHAIN}
    for dag_id in CHAIN:  # once unmeasured: what the demonstration left undone is no part of an unchanged chain
        _measure(api, dag_id)
    before = _written(summary["warehouse_dsn"])
    for repetition in range(REPETITIONS[size]):
        for dag_id in CHAIN:
            samples[dag_id].append(_measure(api, dag_id))
        sys.stdout.write(f"chain: round {repetition + 1} of {REPETITIONS[size]}\n")
        sys.stdout.flush()
    written = _written(summary["warehouse_dsn"]) - before
    wall = work = tasks = 0.0
    for dag_id, rounds in samples.items():
        wall += result.measure(f"{dag_id}: wall", [float(one["wall"]) for one in rounds], "s")
        work += result.measure(f"{dag_id}: work", [float(one["work"]) for one in rounds], "s")
        count = float(rounds[0]["tasks"])
        tasks += count
        states = {str(one["state"]) for one in rounds}
        result.check(f"{dag_id}: states", ", ".join(sorted(states)), "success", holds=states == {"success"})
        result.check(f"{dag_id}: tasks", count, f"<= {TASKS_BOUND}", holds=count <= TASKS_BOUND)
    result.check("business rows written by an unchanged chain", float(written), "0", holds=written == 0)
    result.measure("chain: wall", [wall], "s")
    result.measure("chain: work", [work], "s")
    result.measure("chain: the rest a task", [(wall - work) / tasks], "s")
    bound = 1.5 * tasks * SECONDS_A_TASK
    result.check("chain: wall less work", wall - work, f"<= {bound:.0f} s (1.5 s a task)", holds=wall - work <= bound,
                 of_time=True)  # fmt: skip
    return result
