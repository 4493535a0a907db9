"""A connection that an installation may do without."""

import json

import pytest
from airflow.sdk.exceptions import AirflowException

from include.airflow_context import optional_connection


@pytest.fixture(autouse=True)
def as_a_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look connections up as a task does, not as the api-server."""
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "client")
    monkeypatch.delenv("AIRFLOW_CONN_OFFER_OBSERVER", raising=False)


def test_an_absent_connection_is_none() -> None:
    assert optional_connection("offer_observer") is None


def test_a_present_connection_is_plain_values(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = {"conn_type": "http", "host": "https://observer.example/", "password": "p", "extra": {"a": 1}}
    monkeypatch.setenv("AIRFLOW_CONN_OFFER_OBSERVER", json.dumps(stored))

    found = optional_connection("offer_observer")

    assert found is not None
    assert (found.url, found.password, found.extra) == ("https://observer.example", "p", {"a": 1})


def test_another_error_is_not_taken_for_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(conn_id: str) -> None:
        raise AirflowException(f"{conn_id}: the API is away")

    monkeypatch.setattr("airflow.sdk.Connection.get", denied)

    with pytest.raises(AirflowException, match="away"):
        optional_connection("offer_observer")
