"""What every DAG shares. Standard library and airflow.sdk only: this is imported at every parse."""

import datetime as dt
from typing import Any

# The SDK gives these at run time, its type stub does not name them yet.
from airflow.sdk import AsyncCallback, DeadlineAlert, DeadlineReference  # type: ignore[attr-defined]

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


__all__ = ["DEFAULTS", "TIME_ZONE", "deadline", "run_failed"]
