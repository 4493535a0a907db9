"""What every DAG promises."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "dags").glob("*.py"))
SCHEDULES = {
    "kaspi_returns_ingest": "*/15 * * * *",
    "warehouse_receipts_reconcile": "7-59/15 * * * *",
    "restock_sync": None,
    "restock_reconcile_daily": "0 7 * * *",
    "return_causes_weekly": "0 8 * * 1",
    "housekeeping": "30 2 * * *",
}
HEAVY = ("pandas", "numpy", "great_expectations", "psycopg", "requests", "altair", "statsmodels", "lxml", "scipy")
PROBE = f"""
import runpy, socket, sys
import airflow.sdk
from airflow.sdk import BaseHook, Connection, Variable

before = set(sys.modules)

def refuse(*args, **kwargs):
    raise RuntimeError("a DAG file must not look anything up while it is parsed")

socket.socket.connect = Variable.get = BaseHook.get_connection = Connection.get = refuse
runpy.run_path(sys.argv[1])
print(*(name for name in {HEAVY!r} if name in sys.modules and name not in before))
"""


@pytest.fixture(scope="module")
def bag() -> Any:
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(dag_folder=str(ROOT / "dags"))


def test_every_file_holds_exactly_the_dag_it_is_named_after(bag: Any) -> None:
    assert bag.import_errors == {}
    assert sorted(bag.dags) == sorted(path.stem for path in FILES) == sorted(SCHEDULES)


@pytest.mark.parametrize("dag_id", SCHEDULES)
def test_a_dag_is_complete(bag: Any, dag_id: str) -> None:
    dag = bag.dags[dag_id]
    dag.validate()
    dag.check_cycle()
    page = dag.doc_md or ""
    assert all(word in page for word in ("**Grain**", "**Rerun**", "**If it fails**")), (
        "the page tells the operator too little"
    )
    assert dag.tags
    # runs that wait for a person's word on a price list leave room for the others
    assert dag.max_active_runs == (12 if dag_id == "restock_sync" else 1)
    assert dag.catchup is False
    assert dag.deadline, "a late run must raise an alert"
    assert dag.on_failure_callback, "a failed run must raise an alert"
    assert len(dag.tasks) <= 10
    for task in dag.tasks:
        assert task.owner == "data-team"
        assert task.retries is not None
        assert task.execution_timeout, f"{task.task_id} may hang for ever"
    last = [task.task_id for task in dag.tasks if not task.downstream_task_ids]
    assert last == ["any_task_failed"], "Airflow judges a run by its last tasks: only the watcher may be one"
    assert dag.get_task("any_task_failed").upstream_task_ids == set(dag.task_ids) - {"any_task_failed"}
    gates = [task.task_id for task in dag.tasks if task.task_id == "gate"]
    assert gates == ["gate"], "one gate a DAG"


@pytest.mark.parametrize(("dag_id", "cron"), SCHEDULES.items())
def test_schedules_are_those_of_the_house_in_almaty_time(bag: Any, dag_id: str, cron: str | None) -> None:
    source = (ROOT / "dags" / f"{dag_id}.py").read_text()
    assert "timezone=TIME_ZONE" in source
    if cron:
        assert f'"{cron}"' in source


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_parsing_a_dag_looks_nothing_up_and_imports_nothing_heavy(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, str(path)],
        cwd=ROOT,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1].split() == []


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(ROOT)}


def test_every_connection_and_variable_the_code_asks_for_is_declared() -> None:
    settings = yaml.safe_load((ROOT / "airflow_settings.yaml").read_text())["airflow"]
    connections = {one["conn_id"] for one in settings["connections"]}
    variables = {one["variable_name"] for one in settings["variables"]}
    code = "\n".join(
        path.read_text() for folder in ("dags", "include", "plugins") for path in (ROOT / folder).rglob("*.py")
    )
    asked = set(re.findall(r'(?:connection|endpoint)\("([a-z_]+)"\)', code)) | set(
        re.findall(r'^WAREHOUSE = "([a-z_]+)"', code, re.MULTILINE)
    )
    assert asked, "the pattern finds nothing: it is stale"
    assert asked <= connections
    named = set(re.findall(r'_VARIABLE = "([a-z_]+)"', code))
    assert named and named <= variables


def test_the_settings_hold_no_secret() -> None:
    text = (ROOT / "airflow_settings.yaml").read_text()
    for value in re.findall(r"conn_password:\s*(\S+)", text):
        assert re.fullmatch(r'["\']?\$\{[A-Z0-9_]+\}["\']?', value), f"{value} is not a placeholder"
