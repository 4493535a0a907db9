"""What every DAG shares. Standard library and airflow.sdk only: this is imported at every parse."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

# The SDK gives these at run time, its type stub does not name them yet.
from airflow.sdk import AsyncCallback, DeadlineAlert, DeadlineReference, chain, task  # type: ignore[attr-defined]

from include.alerts import deadline_missed, run_failed

TIME_ZONE = "Asia/Almaty"
DEFAULTS: dict[str, Any] = {
    "owner": "data-team",
    "retries": 2,
    "retry_delay": dt.timedelta(seconds=20),
    "execution_timeout": dt.timedelta(minutes=20),
}


def deadline(minutes: int) -> DeadlineAlert:
    """Return the alert of a run that is not done so many minutes after it was queued."""
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=dt.timedelta(minutes=minutes),
        callback=AsyncCallback(deadline_missed),
    )


def finish(*steps: Any, beside: Sequence[Any] = ()) -> None:
    """Run ``steps`` one after the other, then name what was held back; fail the run whichever task failed.

    Airflow judges a run by its last tasks only. ``report_held`` runs however the others ended, so a watcher of
    all tasks stands behind it; it is skipped where nothing failed.
    """

    @task(trigger_rule="all_done", retries=0)
    def report_held() -> int:
        from include.airflow_context import current_run, warehouse_dsn
        from include.alerts import look_after
        from include.flows.report import raise_if_held

        look_after()
        return raise_if_held(warehouse_dsn(), current_run())

    @task(trigger_rule="one_failed", retries=0)
    def any_task_failed() -> None:
        raise RuntimeError("a task of this run failed: its log says why, docs/runbook.md what to do")

    report = report_held()
    chain(*steps, report)
    [*steps, *beside, report] >> any_task_failed()


__all__ = ["DEFAULTS", "TIME_ZONE", "deadline", "finish", "run_failed"]
