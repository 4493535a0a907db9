"""The console inside the real API server: mounted, in the menu, closed to whoever is not logged in."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from psycopg.conninfo import conninfo_to_dict


@pytest.fixture(scope="module")
def airflow(new_warehouse: Callable[[], str]) -> Iterator[TestClient]:
    """The API server's app over a database of its own, the warehouse given as a connection."""
    home = Path(os.environ["AIRFLOW_HOME"])
    passwords = home / "passwords.json"
    passwords.write_text(json.dumps({"admin": uuid.uuid4().hex}), encoding="utf-8")
    facts = conninfo_to_dict(new_warehouse())
    warehouse = {
        "conn_type": "postgres", "host": facts["host"], "port": int(str(facts["port"])), "login": facts["user"],
        "password": facts.get("password"), "schema": facts["dbname"],
    }  # fmt: skip
    settings = {
        "AIRFLOW_CONN_WAREHOUSE_DB": json.dumps(warehouse),
        "AIRFLOW_VAR_QAITARYM_CLOCK": "system",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
    }
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)
        from airflow.api_fastapi.app import create_app

        with TestClient(create_app("core")) as client:
            yield client
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


@pytest.fixture(scope="module")
def token(airflow: TestClient) -> dict[str, str]:
    password = json.loads((Path(os.environ["AIRFLOW_HOME"]) / "passwords.json").read_text(encoding="utf-8"))["admin"]
    answer = airflow.post("/auth/token", json={"username": "admin", "password": password})
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def test_nobody_gets_in_without_a_login(airflow: TestClient) -> None:
    assert airflow.get("/qaitarym/").status_code == 401
    assert airflow.get("/qaitarym/?merchant=alpha").status_code == 401
    assert airflow.post("/qaitarym/").status_code in {401, 405}


def test_a_wrong_token_does_not_get_in_either(airflow: TestClient) -> None:
    assert airflow.get("/qaitarym/", headers={"Authorization": "Bearer x.y.z"}).status_code in {401, 403}


def test_who_is_logged_in_sees_the_page(airflow: TestClient, token: dict[str, str]) -> None:
    page = airflow.get("/qaitarym/", headers=token)
    assert page.status_code == 200, page.text[:500]
    assert "Возвраты → Ресейл" in page.text


def test_it_describes_itself_to_nobody(airflow: TestClient, token: dict[str, str]) -> None:
    for path in ("docs", "redoc", "openapi.json"):
        assert airflow.get(f"/qaitarym/{path}", headers=token).status_code == 404


def test_the_stylesheet_is_there_and_holds_no_data(airflow: TestClient) -> None:
    assert airflow.get("/qaitarym/static/console.css").headers["content-type"].startswith("text/css")


def test_the_menu_has_it(airflow: TestClient, token: dict[str, str]) -> None:
    answer: dict[str, Any] = airflow.get("/api/v2/plugins", headers=token).json()
    ours = next(plugin for plugin in answer["plugins"] if plugin["name"] == "qaitarym_console")
    assert [(view["name"], view["href"], view["url_route"]) for view in ours["external_views"]] == [
        ("Qaitarym", "qaitarym/", "qaitarym")
    ]
