"""A refused token, a busy shop: the real DAG, run by Airflow's own task runner, asks no second time."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from psycopg.conninfo import conninfo_to_dict

from include.db.connection import connect
from include.flows import onboarding
from include.kaspi.shop_api import ATTEMPTS
from tests.db.test_trouble import Shop, ask

ROOT = Path(__file__).resolve().parents[2]
# A run for each line it is sent. The deadline is the scheduler's affair; `DAG.test` cannot read it.
RUNS = """
import json, sys
from airflow.utils.db import initdb

initdb()
from airflow.dag_processing.dagbag import DagBag

dag = DagBag(dag_folder="dags/kaspi_returns_ingest.py").dags["kaspi_returns_ingest"]
dag.deadline = None
for _ in sys.stdin:
    run = dag.test()
    tasks = {one.task_id: [one.state, one.try_number] for one in run.get_task_instances()}
    print("RUN" + json.dumps({"state": run.state, "tasks": tasks}), flush=True)
"""


@pytest.fixture
def shop() -> Iterator[Shop]:
    served = Shop()
    yield served
    served.server.shutdown()
    served.server.server_close()


@pytest.fixture
def dsn(new_warehouse: Callable[[], str]) -> str:
    address = new_warehouse()
    with connect(address) as conn:
        stores = [onboarding.Store("PP1", "W1", base_includes_returns=False, pick_scan=True)]
        onboarding.add_merchant(conn, "shop", name="Алма", stores=stores)
    return address


@pytest.fixture
def one_run(dsn: str, shop: Shop, tmp_path: Path) -> Iterator[Callable[[], dict[str, Any]]]:
    """Run the DAG once, on a metadata database of the test's own; return the states and tries of its tasks."""
    found = conninfo_to_dict(dsn)
    connections = {
        "warehouse_db": {
            "conn_type": "postgres", "host": found["host"], "port": int(str(found["port"])), "login": found["user"],
            "password": found["password"], "schema": found["dbname"],
        },
        "kaspi_shop_shop": {
            "conn_type": "http", "host": shop.settings.url, "password": "token",
            "extra": {"requests_per_second": 500},
        },
        "privacy_key": {"conn_type": "generic", "password": Fernet.generate_key().decode()},
    }  # fmt: skip
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/airflow.db",
        **{f"AIRFLOW_CONN_{name.upper()}": json.dumps(value) for name, value in connections.items()},
    }
    said = tmp_path / "stderr"
    with (
        said.open("w") as errors,
        subprocess.Popen(
            [sys.executable, "-c", RUNS],
            cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
        ) as child,
    ):  # fmt: skip

        def run() -> dict[str, Any]:
            assert child.stdin is not None and child.stdout is not None
            child.stdin.write("once\n")
            child.stdin.flush()
            told = next((line for line in child.stdout if line.startswith("RUN")), None)
            assert told is not None, said.read_text()[-3000:]
            return dict(json.loads(told.removeprefix("RUN")))

        yield run
        assert child.stdin is not None
        child.stdin.close()


def alerts(dsn: str) -> list[tuple[str, str, bool]]:
    rows = ask(
        dsn,
        "select alert_key, merchant_id, cleared_at is null as open from ops.alert where kind = 'token_refused'",
    )
    return [(row["alert_key"], row["merchant_id"], row["open"]) for row in rows]


def test_the_shop_is_not_asked_again_by_the_run_that_was_refused(
    dsn: str, shop: Shop, one_run: Callable[[], dict[str, Any]]
) -> None:
    shop.status = 401
    for asked in (1, 2):  # one trouble, however many runs meet it
        refused = one_run()
        assert refused["tasks"]["fetch"] == ["failed", 1] and refused["state"] == "failed"
        assert shop.calls == asked
        assert alerts(dsn) == [("token_refused/shop", "shop", True)]
    shop.status, shop.calls = 502, 0
    assert one_run()["tasks"]["fetch"] == ["failed", 1]
    assert shop.calls == ATTEMPTS
    shop.status = 200
    assert one_run()["state"] == "success"
    assert alerts(dsn) == [("token_refused/shop", "shop", False)]
