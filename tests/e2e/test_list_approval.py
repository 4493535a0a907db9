"""A person's word on an abnormal price list, in the running Airflow: approved, rejected, and nobody answers."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
import pytest
import requests
from psycopg.rows import dict_row

from runtime.airflow_api import AirflowRefusedError
from runtime.waiting import wait_for
from tests.e2e.conftest import Demo

pytestmark = pytest.mark.timeout(1_500)
DAG = "restock_sync"
OFFER = re.compile(rb"<offer .*?</offer>\s*", re.DOTALL)


@dataclass
class Shop:
    """A merchant of the demonstration whose own list is in the test's hands."""

    demo: Demo
    merchant: dict[str, Any]
    whole: bytes
    body: bytes

    @property
    def name(self) -> str:
        return str(self.merchant["id"])

    def query(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        with psycopg.connect(self.demo.summary["warehouse_dsn"], row_factory=dict_row) as conn:
            return conn.execute(statement.encode(), values).fetchall()

    def keep(self, share: float) -> int:
        """Let the merchant lose offers; return how many he has left."""
        offers = OFFER.findall(self.whole)
        kept = round(len(offers) * share)
        self.body = self.whole
        for offer in offers[kept:]:
            self.body = self.body.replace(offer, b"", 1)
        return kept

    def run(self) -> dict[str, Any]:
        return self.ended(str(self.demo.airflow.trigger(DAG)["dag_run_id"]))

    def ended(self, run_id: str) -> dict[str, Any]:
        wait_for(f"{run_id} to end", lambda: self.state(run_id) in ("success", "failed"), 240, pause=1)
        run = self.demo.airflow.run(DAG, run_id)
        assert run["state"] == "success", self.demo.airflow.failed_tasks(DAG, run_id)
        return run

    def state(self, run_id: str) -> str:
        try:
            return str(self.demo.airflow.run(DAG, run_id)["state"])
        except AirflowRefusedError:
            return "not there"

    def question(self) -> tuple[int, str]:
        """The version that waits, and the run that asks about it and is parked."""
        (row,) = self.query(
            "select version from channel.feed_version where merchant_id = %s and status = 'pending'", self.name
        )
        run_id = f"approval.{self.name}.{row['version']}"
        path = f"/dags/{DAG}/dagRuns/{run_id}/taskInstances/approve"

        def parked() -> bool:
            try:
                return bool(self.demo.airflow.call("GET", path)["state"] == "awaiting_input")
            except AirflowRefusedError:
                return False

        wait_for(f"{run_id} to be parked", parked, 120, pause=1)
        return row["version"], run_id

    def answer(self, run_id: str, option: str) -> None:
        path = f"/dags/{DAG}/dagRuns/{run_id}/taskInstances/approve/-1/hitlDetails"
        self.demo.airflow.call("PATCH", path, json={"chosen_options": [option], "params_input": {}})

    def served(self) -> int:
        """How many of the merchant's own offers the list that Kaspi would get now has."""
        (row,) = self.query(
            "select count(distinct offer_sku) as n from channel.feed_offer where not ours and (merchant_id, version) "
            "= (select merchant_id, max(version) from channel.feed_version "
            "where merchant_id = %s and status = 'published' group by merchant_id)",
            self.name,
        )
        return int(row["n"])

    def settled(self, version: int) -> tuple[str, str]:
        (row,) = self.query(
            "select status, settled_by from channel.feed_version where merchant_id = %s and version = %s",
            self.name, version,
        )  # fmt: skip
        return row["status"], row["settled_by"]


@contextmanager
def listening(shop: Shop) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(shop.body)))
            self.end_headers()
            self.wfile.write(shop.body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/list.xml"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def shop(demo: Demo) -> Iterator[Shop]:
    demo.must_be_ours()
    merchant = demo.sandbox.world()["merchants"][0]
    whole = requests.get(demo.sandbox.base_url + merchant["base_list_path"], timeout=30).content
    here = Shop(demo, merchant, whole, whole)
    connection = f"/connections/base_list_{merchant['id']}"
    before = demo.airflow.call("GET", connection)["host"]

    def point(host: str) -> None:
        body = {"connection_id": f"base_list_{merchant['id']}", "conn_type": "http", "host": host}
        demo.airflow.call("PATCH", connection, params={"update_mask": "host"}, json=body)

    with listening(here) as address:
        point(address)
        try:
            yield here
        finally:
            point(before)
            here.run()


def test_it_waits_without_holding_anything_and_goes_out_when_approved(shop: Shop) -> None:
    whole = len(OFFER.findall(shop.whole))
    left = shop.keep(0.5)
    shop.run()
    assert shop.served() == whole
    version, run_id = shop.question()

    # the hourly runs go on beside it, and nobody is asked twice
    shop.run()
    assert shop.query("select scope from ops.lease where scope like 'restock_sync:%%' "
                      "and expires_at > clock_timestamp()") == []  # fmt: skip
    assert shop.served() == whole
    assert shop.state(run_id) == "running"
    (asked,) = shop.demo.airflow.call("GET", f"/dags/{DAG}/dagRuns/{run_id}/hitlDetails")["hitl_details"]
    assert f"{version}" in asked["subject"]
    assert "Approve" in asked["body"]
    lost = OFFER.findall(shop.whole)[left]
    shown = re.search(rb'sku="([^"]+)"', lost)
    assert shown

    shop.answer(run_id, "Approve")
    shop.ended(run_id)

    assert shop.settled(version) == ("approved", shop.demo.summary["username"])
    assert shop.served() == left
    alerts = shop.query(
        "select 1 as n from ops.alert where alert_key = %s and cleared_at is null", f"price_list_held/{shop.name}"
    )
    assert alerts == []


def test_a_rejected_one_never_goes_out(shop: Shop) -> None:
    before = shop.served()
    shop.keep(0.2)
    shop.run()
    version, run_id = shop.question()

    shop.answer(run_id, "Reject")
    shop.ended(run_id)
    shop.run()

    assert shop.settled(version) == ("rejected", shop.demo.summary["username"])
    assert shop.served() == before
    assert (
        shop.query("select 1 as n from channel.feed_version where merchant_id = %s and status = 'pending'", shop.name)
        == []
    )


def test_nobodys_word_in_time_is_a_rejection(shop: Shop) -> None:
    before = shop.served()
    shop.query("update ops.setting set value = '0.005' where name = 'list_approval_hours' returning name")  # 18 seconds
    try:
        shop.keep(0.1)
        shop.run()
        version, run_id = shop.question()
        shop.ended(run_id)
    finally:
        shop.query("update ops.setting set value = '12' where name = 'list_approval_hours' returning name")

    assert shop.settled(version) == ("rejected", "timeout")
    assert shop.served() == before
