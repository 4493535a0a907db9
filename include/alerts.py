"""What happens when a run fails or is late: a row in ops.alert that the console shows. Imported at parse time."""

import logging
from typing import Any

log = logging.getLogger(__name__)


def run_failed(context: dict[str, Any]) -> None:
    """Record a failed run. Airflow calls this with the run's context."""
    dag_run = context["dag_run"]
    _record(
        f"run_failed/{dag_run.dag_id}/{dag_run.run_id}",
        "run_failed",
        f"{dag_run.dag_id} {dag_run.run_id} failed: {context.get('reason') or 'see the log of its last task'}. "
        f"docs/runbook.md, section '{dag_run.dag_id}', says what to do.",
    )


async def deadline_missed(context: dict[str, Any] | None = None, **_: Any) -> None:
    """Record a run that is late. Airflow's triggerer calls this; a run that ended meanwhile is no alert."""
    dag_run = (context or {}).get("dag_run") or {}
    if dag_run.get("state") in ("success", "failed"):
        return
    _record(
        f"deadline/{dag_run.get('dag_id')}/{dag_run.get('dag_run_id')}",
        "deadline",
        f"{dag_run.get('dag_id')} {dag_run.get('dag_run_id')} is not done in time; "
        f"docs/runbook.md, section '{dag_run.get('dag_id')}', says what to do.",
    )


def _record(key: str, kind: str, message: str) -> None:
    log.error(message)
    try:
        from include.airflow_context import clock, warehouse_dsn
        from include.db.connection import connect
        from include.db.statements import run

        with connect(warehouse_dsn()) as conn:
            run(conn, "ops/alert", alert_key=key, merchant_id="*", kind=kind, message=message, raised_at=clock().now())
    except Exception:
        # An alert must never fail the component that raises it; the line above is in its log.
        log.exception("the alert %s could not be stored", key)
