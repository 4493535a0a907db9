"""The real DAG, run by Airflow's own task runner, tells a buyer: what cannot be sent fails no booking and no run."""

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from include.db.connection import connect
from tests.db.notice_world import BUYER, NoticeWorld
from tests.gateways import closed_port, http_gateway

ROOT = Path(__file__).resolve().parents[2]
# A run for each line it is sent, which is the address of the channel. The deadline is the scheduler's affair.
RUNS = """
import json, os, sys
from airflow.utils.db import initdb

initdb()
from airflow.dag_processing.dagbag import DagBag

dag = DagBag(dag_folder="dags/warehouse_receipts_reconcile.py").dags["warehouse_receipts_reconcile"]
dag.deadline = None
for line in sys.stdin:
    os.environ.pop("AIRFLOW_CONN_NOTICES_ALPHA", None)
    if line.strip():
        os.environ["AIRFLOW_CONN_NOTICES_ALPHA"] = line.strip()
    run = dag.test()
    tasks = {one.task_id: one.state for one in run.get_task_instances()}
    print("RUN" + json.dumps({"state": run.state, "tasks": tasks}), flush=True)
"""


@pytest.fixture
def world(new_warehouse: Callable[[], str]) -> NoticeWorld:
    world = NoticeWorld(new_warehouse(), now=dt.datetime.now(dt.UTC))
    with connect(world.dsn) as conn:
        conn.execute("update core.merchant set active = false where merchant_id = 'beta'")
    return world


Run = Callable[[str | None], dict[str, Any]]


@pytest.fixture
def one_run(world: NoticeWorld, tmp_path: Path) -> Iterator[Run]:
    """Run the DAG once with a channel's address, on a metadata database of the test's own."""
    found = conninfo_to_dict(world.dsn)
    warehouse = {
        "conn_type": "postgres", "host": found["host"], "port": int(str(found["port"])), "login": found["user"],
        "password": found["password"], "schema": found["dbname"],
    }  # fmt: skip
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/airflow.db",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "DEBUG",
        "AIRFLOW_CONN_WAREHOUSE_DB": json.dumps(warehouse),
        "AIRFLOW_CONN_PRIVACY_KEY": json.dumps({"conn_type": "generic", "password": world.key}),
    }
    out, err = tmp_path / "stdout", tmp_path / "stderr"
    with (
        err.open("w") as errors,
        subprocess.Popen(
            [sys.executable, "-c", RUNS],
            cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
        ) as child,
        out.open("w") as kept,
    ):  # fmt: skip

        def run(url: str | None) -> dict[str, Any]:
            assert child.stdin is not None and child.stdout is not None
            extra = {"quiet_hours": False, "per_minute": 600}
            channel = json.dumps({"conn_type": "generic", "password": url, "extra": extra}) if url else ""
            child.stdin.write(channel + "\n")
            child.stdin.flush()
            for line in child.stdout:
                kept.write(line)
                if line.startswith("RUN"):
                    return dict(json.loads(line.removeprefix("RUN")))
            raise AssertionError(err.read_text()[-3000:])

        yield run
        assert child.stdin is not None
        child.stdin.close()


def test_a_buyer_is_told_by_the_dag_and_airflow_learns_nothing_of_him(
    world: NoticeWorld, one_run: Run, tmp_path: Path
) -> None:
    world.order(1)
    world.arrive(1, 1, 2)
    missing = one_run(None)
    assert missing["state"] == "success", "a channel that is not there fails no run"
    assert world.statuses() == [("queued", None)]
    (alert,) = world.ask("select alert_key from ops.alert where kind like 'notice%'")
    assert alert["alert_key"] == "notice_channel/notices_alpha"
    away = f"json://127.0.0.1:{closed_port()}/sms?:phone={{phone}}"
    assert one_run(away)["state"] == "success", "a gateway that is away fails no run"
    assert world.statuses() == [("queued", "no_connection")]
    world.ask("update ops.notice set next_try_at = created_at returning 1")
    with http_gateway() as gateway:
        told = one_run(f"json://127.0.0.1:{gateway.port}/sms?:phone={{phone}}")
        assert told["state"] == "success" and told["tasks"]["tell"] == "success"
        assert [one["message"].partition(":")[0] for one in gateway.requests] == [
            "Айгүл, ваш возврат по заказу 700000001 поступил"
        ]
    assert world.statuses() == [("sent", None)]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name == "airflow.db" for path in files)
    for path in files:
        body = path.read_bytes()
        for word in (BUYER.name, BUYER.phone, json.dumps(BUYER.name)[1:-1]):
            assert word.encode() not in body, f"{path.name} holds {word}"
