"""The few calls of Airflow's public REST API that the demonstration makes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import requests


class AirflowRefusedError(RuntimeError):
    """Airflow answered with an error; the message says to which call."""


class AirflowApi:
    """Logs in when needed; every method is one call."""

    def __init__(self, base_url: str, username: str, password: str) -> None:
        self._base = base_url
        self._login = {"username": username, "password": password}
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the user's must not see loopback calls

    def is_healthy(self, parts: tuple[str, ...]) -> bool:
        """Whether the api-server answers and calls each of these parts healthy."""
        try:
            answer = self._session.get(f"{self._base}/api/v2/monitor/health", timeout=5)
            health = answer.json() if answer.ok else {}
        except (requests.RequestException, ValueError):
            return False
        return bool(health) and all((health.get(part) or {}).get("status") == "healthy" for part in parts)

    def _log_in(self) -> None:
        answer = self._session.post(f"{self._base}/auth/token", json=self._login, timeout=30)
        if answer.status_code != requests.codes.created:
            raise AirflowRefusedError(f"Airflow refused the login of {self._login['username']}: {answer.text[:300]}")
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        """Call `/api/v2<path>`; returns the decoded answer. Raises AirflowRefusedError."""
        if "Authorization" not in self._session.headers:
            self._log_in()
        url = f"{self._base}/api/v2{path}"
        answer = self._session.request(method, url, timeout=60, **arguments)
        if answer.status_code == requests.codes.unauthorized:
            self._log_in()
            answer = self._session.request(method, url, timeout=60, **arguments)
        if not answer.ok:
            raise AirflowRefusedError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content else None

    def put_all(self, collection: str, entities: list[dict[str, Any]]) -> None:
        """Create or overwrite all entities of `connections`, `variables` or `pools` in one call."""
        if not entities:
            return
        action = {"action": "create", "action_on_existence": "overwrite", "entities": entities}
        done = self.call("PATCH", f"/{collection}", json={"actions": [action]})
        errors = (done.get("create") or {}).get("errors")
        if errors:
            raise AirflowRefusedError(f"Airflow did not take these {collection}: {errors}")

    def dag_ids(self) -> set[str]:
        """The DAGs Airflow knows and does not call stale."""
        return {dag["dag_id"] for dag in self.call("GET", "/dags", params={"limit": 100})["dags"]}

    def import_errors(self) -> list[str]:
        """What could not be imported: file and the end of its traceback."""
        found = self.call("GET", "/importErrors")["import_errors"]
        return [f"{error['filename']}:\n{error['stack_trace'][-1500:]}" for error in found]

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler run a DAG."""
        self.call("PATCH", f"/dags/{dag_id}", params={"update_mask": "is_paused"}, json={"is_paused": False})

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None) -> dict[str, Any]:
        """Start a run without a logical date; returns the run."""
        body = {"logical_date": None, "conf": conf or {}}
        run: dict[str, Any] = self.call("POST", f"/dags/{dag_id}/dagRuns", json=body)
        return run

    def runs(self, dag_id: str, limit: int = 20) -> list[dict[str, Any]]:
        """The newest runs of a DAG, newest first; `~` means of all DAGs."""
        params: dict[str, Any] = {"order_by": "-run_after", "limit": limit}
        found: list[dict[str, Any]] = self.call("GET", f"/dags/{dag_id}/dagRuns", params=params)["dag_runs"]
        return found

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """One run."""
        found: dict[str, Any] = self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}")
        return found

    def sent_asset_events(self, dag_id: str, run_id: str) -> bool:
        """Whether a run sent any asset event."""
        params: dict[str, Any] = {"source_dag_id": dag_id, "source_run_id": run_id, "limit": 1}
        return bool(self.call("GET", "/assets/events", params=params)["asset_events"])

    def failed_tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """The task instances of a run that failed themselves."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        return list(self.call("GET", path, params={"state": "failed", "limit": 100})["task_instances"])


def moment(text: str | None) -> datetime | None:
    """A time of the API as an aware datetime, None for none."""
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)
