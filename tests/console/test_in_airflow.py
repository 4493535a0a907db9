"""The console inside the real API server: mounted, in the menu, closed to whoever is not logged in."""

import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from psycopg.conninfo import conninfo_to_dict

from tests.console.desk_world import furnish
from tests.console.surroundings import User, let

ROLES = {"admin": "admin", "aliya": "user", "beket": "viewer", "dana": "viewer", "erlan": "op"}
# what Airflow calls them is another matter: its admin has no role here, its viewer is a supervisor
MAY = (User("dana", "supervisor"), User("erlan", "viewer"))


@pytest.fixture(scope="module")
def airflow(new_warehouse: Callable[[], str]) -> Iterator[TestClient]:
    """The API server's app over a database of its own, the warehouse given as a connection."""
    home = Path(os.environ["AIRFLOW_HOME"])
    passwords = home / "passwords.json"
    passwords.write_text(json.dumps({name: uuid.uuid4().hex for name in ROLES}), encoding="utf-8")
    dsn = new_warehouse()
    facts = conninfo_to_dict(dsn)
    for user in MAY:
        let(dsn, user)
    warehouse = {
        "conn_type": "postgres", "host": facts["host"], "port": int(str(facts["port"])), "login": facts["user"],
        "password": facts.get("password"), "schema": facts["dbname"],
    }  # fmt: skip
    settings = {
        "AIRFLOW_CONN_WAREHOUSE_DB": json.dumps(warehouse),
        "AIRFLOW_VAR_QAITARYM_CLOCK": "system",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in ROLES.items()),
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


def jwt_of(airflow: TestClient, name: str) -> str:
    password = json.loads((Path(os.environ["AIRFLOW_HOME"]) / "passwords.json").read_text(encoding="utf-8"))[name]
    answer = airflow.post("/auth/token", json={"username": name, "password": password})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["access_token"])


@pytest.fixture(scope="module")
def token(airflow: TestClient) -> dict[str, str]:
    return {"Authorization": f"Bearer {jwt_of(airflow, 'admin')}"}


def test_nobody_gets_in_without_a_login(airflow: TestClient) -> None:
    assert airflow.get("/qaitarym/").status_code == 401
    assert airflow.get("/qaitarym/?merchant=alpha").status_code == 401
    assert airflow.post("/qaitarym/").status_code in {401, 405}


def test_a_wrong_token_does_not_get_in_either(airflow: TestClient) -> None:
    assert airflow.get("/qaitarym/", headers={"Authorization": "Bearer x.y.z"}).status_code in {401, 403}


def test_who_is_logged_in_and_has_a_role_sees_the_page(airflow: TestClient, token: dict[str, str]) -> None:
    page = airflow.get("/qaitarym/", headers={"Authorization": f"Bearer {jwt_of(airflow, 'erlan')}"})
    assert page.status_code == 200, page.text[:500]
    assert "Возвраты → Ресейл" in page.text
    without = airflow.get("/qaitarym/", headers=token)
    assert (without.status_code, "У вас нет роли ни в одном магазине" in without.text) == (403, True)


def test_it_describes_itself_to_nobody(airflow: TestClient, token: dict[str, str]) -> None:
    for path in ("docs", "redoc", "openapi.json"):
        assert airflow.get(f"/qaitarym/{path}", headers=token).status_code == 404


def test_the_stylesheet_is_there_and_holds_no_data(airflow: TestClient) -> None:
    assert airflow.get("/qaitarym/static/console.css").headers["content-type"].startswith("text/css")


def test_the_menu_has_it(airflow: TestClient, token: dict[str, str]) -> None:
    answer: dict[str, Any] = airflow.get("/api/v2/plugins", headers=token).json()
    ours = next(plugin for plugin in answer["plugins"] if plugin["name"] == "qaitarym_console")
    assert [(view["name"], view["href"], view["url_route"]) for view in ours["external_views"]] == [
        ("Qaitarym", "qaitarym/", "qaitarym"),
        ("Returns desk", "qaitarym/desk/", None),
        ("Returns desk: sheet of codes", "qaitarym/desk/commands.pdf", None),
    ]


def test_the_desk_knows_who_is_logged_in_and_what_he_may_is_no_role_of_airflow(
    airflow: TestClient, token: dict[str, str]
) -> None:
    aliya = {"Authorization": f"Bearer {jwt_of(airflow, 'aliya')}"}
    assert airflow.get("/qaitarym/desk/api/setup", headers=aliya).status_code == 403
    with warehouse_of_the_test() as warehouse:
        furnish(warehouse.info.dsn + f" password={warehouse.info.password}")
    told = airflow.get("/qaitarym/desk/api/setup", headers=aliya).json()
    assert (told["login"], told["roles"]) == ("aliya", {"alpha": "inspector"})
    assert airflow.get("/qaitarym/desk/api/setup", headers=token).status_code == 403, "not even Airflow's admin"


def test_a_bookmark_of_the_desk_leads_to_the_login_and_back(airflow: TestClient) -> None:
    answer = airflow.get("/qaitarym/desk/?lang=kk", follow_redirects=False)
    assert answer.status_code == 303
    login = airflow.get("/qaitarym/desk/?lang=kk")
    assert login.url.path == "/auth/login"
    assert login.url.params["next"] == "/qaitarym/desk/?lang=kk"
    assert airflow.get("/qaitarym/desk/api/setup", follow_redirects=False).status_code == 401


def warehouse_of_the_test() -> psycopg.Connection[Any]:
    conn = json.loads(os.environ["AIRFLOW_CONN_WAREHOUSE_DB"])
    return psycopg.connect(
        host=conn["host"], port=conn["port"], user=conn["login"], password=conn["password"], dbname=conn["schema"]
    )


@pytest.mark.parametrize("path", ["quality/records", "quality/drift", "quality/alerts", "applications"])
def test_only_who_has_the_role_changes_anything_and_only_from_our_pages(airflow: TestClient, path: str) -> None:
    def post(name: str | None, **headers: str) -> int:
        cookie = {"Cookie": f"_token={jwt_of(airflow, name)}"} if name else {}
        return airflow.post(f"/qaitarym/{path}", headers=cookie | headers, follow_redirects=False).status_code

    ours, theirs = {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert post(None, **ours) == 401
    assert post("erlan", **ours) == post("admin", **ours) == 403
    assert post("dana", **ours) == 303
    assert post("dana", **theirs) == 403
    assert post("dana") == 403


def test_the_token_of_a_page_lets_its_own_user_write_where_the_browser_says_nothing(airflow: TestClient) -> None:
    def page_token(name: str) -> str:
        page = airflow.get("/qaitarym/quality", headers={"Authorization": f"Bearer {jwt_of(airflow, name)}"}).text
        assert "aria-current" in page
        return found[1] if (found := re.search(r'name="token" value="([^"]+)"', page)) else ""

    def post(name: str, form_token: str) -> int:
        cookie = {"Cookie": f"_token={jwt_of(airflow, name)}"}
        form = {"token": form_token}
        return airflow.post("/qaitarym/quality/alerts", data=form, headers=cookie, follow_redirects=False).status_code

    with warehouse_of_the_test() as warehouse:
        warehouse.execute(
            "insert into ops.alert (alert_key, merchant_id, kind, message, raised_at) "
            "values ('a', '*', 'x', 'y', now())"
        )
    assert page_token("erlan") == "", "who may only look gets no form"
    mine = page_token("dana")
    assert post("dana", mine) == 303
    assert post("aliya", mine) == 403
    assert post("dana", mine[:-1]) == 403
