"""A shop that keeps us waiting, in the running Airflow: the other merchants' orders do not wait for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest

from include.db.connection import connect
from include.flows.onboarding import Store, add_merchant
from runtime.waiting import wait_for
from tests.e2e.conftest import Demo

DAG = "kaspi_returns_ingest"
SLOW = "slow_shop"
EMPTY = json.dumps({"data": [], "meta": {"pageCount": 0, "totalCount": 0}}).encode()


class SlowShop:
    """Asks every caller to come again in 40 seconds, until it is ``calm``; then it has no orders."""

    def __init__(self) -> None:
        self.calm = calm = Event()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = EMPTY if calm.is_set() else b""
                self.send_response(200 if calm.is_set() else 429)
                self.send_header("Content-Length", str(len(body)))
                if not calm.is_set():
                    self.send_header("Retry-After", "40")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/shop/api/v2"


@pytest.fixture
def slow(demo: Demo) -> Iterator[SlowShop]:
    """A merchant more, whose shop keeps us waiting."""
    demo.must_be_ours()
    shop = SlowShop()
    connection = {"connection_id": f"kaspi_shop_{SLOW}", "conn_type": "http", "host": shop.url, "password": "token"}
    demo.airflow.put_all("connections", [connection])
    with connect(demo.summary["warehouse_dsn"]) as conn:
        stores = [Store("PP1", "W1", base_includes_returns=False, pick_scan=True)]
        add_merchant(conn, SLOW, name="Slow", stores=stores, tier="priority")
    yield shop
    shop.calm.set()
    with connect(demo.summary["warehouse_dsn"]) as conn:
        conn.execute("update core.merchant set active = false where merchant_id = %s", (SLOW,))
    shop.server.shutdown()
    shop.server.server_close()


def test_a_shop_that_keeps_us_waiting_delays_nobody_elses_orders(demo: Demo, slow: SlowShop) -> None:
    wait_for(
        "earlier runs to end",
        lambda: all(one["state"] not in ("queued", "running") for one in demo.airflow.runs(DAG)),
        600,
    )
    run_id = demo.airflow.trigger(DAG)["dag_run_id"]
    others = {f"{one['name']} · {one['id']}" for one in demo.sandbox.world()["merchants"]}

    def states(task: str) -> dict[str, str]:
        path = f"/dags/{DAG}/dagRuns/{run_id}/taskInstances"
        found = demo.airflow.call("GET", path, params={"limit": 100})["task_instances"]
        return {one["rendered_map_index"]: one["state"] for one in found if one["task_id"] == task}

    def published() -> bool:
        return {name for name, state in states("publish").items() if state == "success"} == others

    wait_for("the other merchants' parts to be published", published, 300)
    assert states("fetch") == dict.fromkeys(others, "success") | {SLOW: "running"}
    with connect(demo.summary["warehouse_dsn"]) as conn:
        seen = conn.execute("select merchant_id, status from ops.batch where run_id = %s", (run_id,)).fetchall()
    assert {row["status"] for row in seen if row["merchant_id"] != SLOW} == {"published"}
    assert {row["status"] for row in seen if row["merchant_id"] == SLOW} == {"staging"}
    slow.calm.set()
    wait_for("the run to end", lambda: demo.airflow.run(DAG, run_id)["state"] in ("success", "failed"), 400)
    assert demo.airflow.run(DAG, run_id)["state"] == "success"
    assert set(states("publish").values()) == {"success"}
