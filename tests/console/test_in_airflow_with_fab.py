"""Who somebody is, said by Airflow with the FAB auth manager: a real API server of its own."""

import json
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from psycopg.conninfo import conninfo_to_dict

FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
PEOPLE = {"aliya": "User", "vera": "Viewer", "stranger": "Viewer"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Airflow:
    """The API server and its command line, with FAB and people of their own."""

    def __init__(self, home: Path, dsn: str) -> None:
        facts = conninfo_to_dict(dsn)
        warehouse = {
            "conn_type": "postgres", "host": facts["host"], "port": int(str(facts["port"])), "login": facts["user"],
            "password": facts.get("password"), "schema": facts["dbname"],
        }  # fmt: skip
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.password = uuid.uuid4().hex
        self.environment = {
            **os.environ,
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__AUTH_MANAGER": FAB,
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW_CONN_WAREHOUSE_DB": json.dumps(warehouse),
            "AIRFLOW_VAR_QAITARYM_CLOCK": "system",
        }

    def run(self, *arguments: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "airflow", *arguments], env=self.environment, capture_output=True, text=True,
            check=False, timeout=240,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]

    def token(self, name: str) -> str:
        answer = requests.post(
            f"{self.url}/auth/token", json={"username": name, "password": self.password}, timeout=30
        )  # fmt: skip
        assert answer.status_code == 201, answer.text
        return str(answer.json()["access_token"])

    def get(self, name: str, path: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token(name)}"}
        return requests.get(f"{self.url}{path}", headers=headers, timeout=60)


@pytest.fixture(scope="module")
def airflow(new_warehouse: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    dsn, home = new_warehouse(), tmp_path_factory.mktemp("fab")
    from tests.console.desk_world import furnish

    furnish(dsn)
    server = Airflow(home, dsn)
    server.run("db", "migrate")
    for name, role in PEOPLE.items():
        server.run(
            "users", "create", "--username", name, "--password", server.password, "--role", role,
            "--firstname", name, "--lastname", "K", "--email", f"{name}@example.kz",
        )  # fmt: skip
    server.run("roles", "add-perms", "Viewer", "-a", "can_read", "-r", "Plugins")
    log = (home / "api-server.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "airflow", "api-server", "--host", "127.0.0.1", "--port", str(server.port)],
        env=server.environment, stdout=log, stderr=log, start_new_session=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if requests.get(f"{server.url}/api/v2/monitor/health", timeout=5).ok:
                    break
            except requests.RequestException:
                time.sleep(0.5)
        else:
            pytest.fail((home / "api-server.log").read_text(encoding="utf-8")[-3000:])
        yield server
    finally:
        process.terminate()
        process.wait(timeout=60)
        log.close()


def test_the_desk_knows_people_by_the_name_they_log_in_with(airflow: Airflow) -> None:
    told = airflow.get("aliya", "/qaitarym/desk/api/setup")
    assert told.status_code == 200, told.text
    assert (told.json()["login"], told.json()["roles"]) == ("aliya", {"alpha": "inspector"})


def test_a_role_of_airflow_is_no_role_at_the_desk(airflow: Airflow) -> None:
    assert airflow.get("stranger", "/qaitarym/desk/api/setup").status_code == 403
    vera = airflow.get("vera", "/qaitarym/desk/api/setup").json()
    assert vera["roles"] == {"alpha": "viewer"}


def test_what_a_person_does_is_recorded_in_his_name(airflow: Airflow) -> None:
    from tests.console.test_desk_server import scan

    event = scan("aliya", "main")
    headers = {"Authorization": f"Bearer {airflow.token('aliya')}", "X-Qaitarym-Request": "1"}
    message = {"warehouse": "W1", "sent_at": event["occurred_at"], "events": [event]}
    answer = requests.post(f"{airflow.url}/qaitarym/desk/api/events", json=message, headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    assert answer.json()["answers"][0]["outcome"] == "booked"
    facts = json.loads(airflow.environment["AIRFLOW_CONN_WAREHOUSE_DB"])
    with psycopg.connect(
        host=facts["host"], port=facts["port"], user=facts["login"], password=facts["password"], dbname=facts["schema"]
    ) as warehouse:
        rows = warehouse.execute("select actor from ledger.unit_event where type = 'received'").fetchall()
    assert rows == [("aliya",)]


def test_a_bookmark_leads_to_fabs_login(airflow: Airflow) -> None:
    page = requests.get(f"{airflow.url}/qaitarym/desk/", timeout=60, allow_redirects=False)
    assert page.status_code == 303
    login = requests.get(f"{airflow.url}/qaitarym/desk/", timeout=60)
    assert login.url.startswith(f"{airflow.url}/auth/login") and "next=%2Fqaitarym%2Fdesk%2F" in login.url


def test_a_person_logs_in_from_his_bookmark_and_finds_the_desk_in_the_menu(airflow: Airflow, chromium: Any) -> None:
    with chromium.new_context(locale="en-US") as context:
        page = context.new_page()
        page.goto(f"{airflow.url}/qaitarym/desk/")
        page.fill("input[name=username]", "vera")
        page.fill("input[name=password]", airflow.password)
        page.click("[type=submit]")
        page.wait_for_url("**/qaitarym/desk/", timeout=60_000)
        page.wait_for_selector("#desk[data-ready=yes]", timeout=60_000)
        page.goto(airflow.url)
        page.get_by_role("link", name="Qaitarym").wait_for(timeout=60_000)
        page.get_by_role("button", name="Plugins").click()
        with context.expect_page() as opened:
            page.get_by_role("menuitem", name="Returns desk", exact=True).click()
        opened.value.wait_for_selector("#desk[data-ready=yes]", timeout=60_000)
        assert opened.value.url.startswith(f"{airflow.url}/qaitarym/desk/"), "a page of its own, in no frame"


def test_the_menu_is_shown_to_who_may_read_plugins(airflow: Airflow) -> None:
    """FAB lets only its role Op and above read the plugins; the runbook's command gave the right to Viewer."""
    assert airflow.get("aliya", "/api/v2/plugins").status_code == 403
    seen = airflow.get("vera", "/api/v2/plugins")
    assert seen.status_code == 200
    assert "Returns desk" in seen.text
