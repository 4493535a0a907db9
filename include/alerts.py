"""What happens when a run fails or is late, or the data are old: a row in ops.alert that the console shows and a mail
tells. Imported at parse time."""

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
    """Record a run that is late. Airflow's triggerer calls this; a run that ended meanwhile is no alert.

    Nor is one that waits for a person's word on a price list: that has a time of its own.
    """
    dag_run = (context or {}).get("dag_run") or {}
    if dag_run.get("state") in ("success", "failed") or (dag_run.get("conf") or {}).get("version") is not None:
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
        from include.notify.alerts import ALL, raise_alert

        with connect(warehouse_dsn()) as conn:
            raise_alert(conn, key, ALL, kind, message, clock().now())
    except Exception:
        # An alert must never fail the component that raises it; the line above is in its log.
        log.exception("the alert %s could not be stored", key)


def look_after() -> None:
    """See whether the data are fresh, end what is over, and mail what is new. The last task of every flow calls this.

    So a flow that does not run is noticed by the others. The time is the clock's and not the run's: a backfill's is
    long past. Nothing that goes wrong here may fail the run that happens to look.
    """
    try:
        from include.airflow_context import clock, optional_connection, owner, warehouse_dsn
        from include.flows.alert_mail import tell
        from include.flows.freshness import check_freshness
        from include.notify.outbox import mail_server

        dsn, now = warehouse_dsn(), clock().now()
        check_freshness(dsn, now)
        found = optional_connection("smtp_reports")
        if found is None:
            log.warning("there is no connection smtp_reports: alerts are shown on the console only")
            return
        tell(dsn, mail_server(found.url, found.port, found.login, found.password, found.extra), owner(), now)
    except Exception:
        log.exception("the alerts could not be looked after")
