"""Why a DAG run failed, from the logs that its tasks left on this machine."""

from __future__ import annotations

import json
from pathlib import Path


def errors_of(logs: Path, dag_id: str, run_id: str) -> list[str]:
    """One line for each error in the run's task logs: the task, the exception and what it says."""
    folder = logs / f"dag_id={dag_id}" / f"run_id={run_id}"
    found: list[str] = []
    for path in sorted(folder.rglob("*.log"), key=lambda one: one.stat().st_mtime):
        task = path.relative_to(folder).parts[0].removeprefix("task_id=")
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            text = _error_in(line)
            if text:
                found.append(f"{task}: {text}")
    return found


def _error_in(line: str) -> str | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    details = entry.get("error_detail") if isinstance(entry, dict) and entry.get("level") == "error" else None
    if not details:
        return None
    return f"{details[0].get('exc_type')}: {str(details[0].get('exc_value'))[:500]}"
