"""The tasks of DAGs as Airflow runs them, each in a process forked from one that has Airflow loaded, the DAGs parsed:
``python -m bench.dag_tasks DAG … ``, connections by ``AIRFLOW_CONN_…``.

Prints one line of JSON: for each DAG its tasks in order, each with how often its process imported Great Expectations,
the seconds it took and what became of it. What a task itself says goes to standard error.
"""

import argparse
import json
import os
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "great_expectations"
RUN = "bench"
WATCHER = "any_task_failed"  # runs where one failed, and fails


ONCE: list[dict[str, Any]] = [{}]  # a task that is not mapped


def main() -> int:
    """Run every task of every DAG that was asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.dag_tasks", description=__doc__)
    parser.add_argument("dags", nargs="+")
    chosen = parser.parse_args()
    report = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever speaks on standard output does not disturb the report
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(ROOT / "dags"))
    if bag.import_errors:
        raise RuntimeError(f"DAGs that cannot be read: {bag.import_errors}")
    found = {dag_id: list(_run(bag.dags[dag_id])) for dag_id in chosen.dags}
    report.write(json.dumps({"parent_imported": PACKAGE in sys.modules, "dags": found}) + "\n")
    report.flush()
    return 0


def _run(dag: Any) -> Iterator[dict[str, Any]]:
    """Yield what became of each task; a mapped one runs for whatever the task before it returned."""
    returned: dict[str, Any] = {}
    for node in dag.task_group.topological_sort():
        over = _mapped_over(node, returned)
        for task in getattr(node, "children", {}).values() or (node,):  # a mapped group's, in their order
            if task.task_id == WATCHER:
                continue
            for index, values in enumerate(over):
                told = _in_child(dag.dag_id, task, -1 if over is ONCE else index, values)
                returned[task.task_id] = told.pop("returned")
                yield {"task": task.task_id, **told}


def _mapped_over(node: Any, returned: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the arguments of each instance of a task, or of each task of a mapped group."""
    if not (getattr(node, "is_mapped", False) or hasattr(node, "children")):
        return ONCE
    (source,) = node.upstream_task_ids & set(returned)
    rows = returned[source]
    return [row if isinstance(row, dict) else {"merchant_id": row} for row in rows]


def _in_child(dag_id: str, task: Any, map_index: int, values: dict[str, Any]) -> dict[str, Any]:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        told = _do(dag_id, task, map_index, values)
        with os.fdopen(write, "w") as pipe:
            pipe.write(json.dumps(told, default=str))
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    if not text:
        raise RuntimeError(f"{dag_id}.{task.task_id} ended without a word")
    return dict(json.loads(text))


def _do(dag_id: str, task: Any, map_index: int, values: dict[str, Any]) -> dict[str, Any]:
    """Run a task in this process, counting how often the package is looked for because it is not there."""
    imports: list[str] = []

    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "import" and arguments[0] == PACKAGE:
            imports.append(arguments[0])

    sys.addaudithook(heard)
    began, became, returned = time.perf_counter(), "done", None
    try:
        returned = _called(dag_id, task, map_index, values)
    except Exception as error:
        became = "skipped" if type(error).__name__ == "AirflowSkipException" else f"{type(error).__name__}: {error}"
        if became != "skipped":
            traceback.print_exc()
    return {
        "imports": len(imports),
        "seconds": time.perf_counter() - began,
        "became": became,
        "returned": returned,
    }


def _called(dag_id: str, task: Any, map_index: int, values: dict[str, Any]) -> Any:
    from airflow.sdk.execution_time.context import set_current_context

    instance = SimpleNamespace(
        dag_id=dag_id, run_id=RUN, task_id=task.task_id, map_index=map_index, try_number=1, xcom_pull=lambda **_: None
    )
    dag_run = SimpleNamespace(dag_id=dag_id, run_id=RUN, logical_date=None, run_type="manual")
    context: Any = {"dag_run": dag_run, "ti": instance, "params": dict(_range(dag_id))}
    with set_current_context(context):
        function = getattr(task, "python_callable", None)
        if function is None:
            return task.execute(context)
        if "outlet_events" in function.__code__.co_varnames[: function.__code__.co_kwonlyargcount + 1]:
            values = {**values, "outlet_events": _Events()}
        return function(**values)


class _Events:
    """Takes the events of assets, which wake nobody up here."""

    def __getitem__(self, _: Any) -> Any:
        return SimpleNamespace(add=lambda _: None)


def _range(dag_id: str) -> Iterator[tuple[str, str]]:
    """Yield the range of a run over past orders, where the caller names one."""
    if dag_id == "kaspi_returns_ingest":
        for name in ("from", "to"):
            if value := os.environ.get(f"QAITARYM_BENCH_{name.upper()}"):
                yield name, value


if __name__ == "__main__":
    sys.exit(main())
