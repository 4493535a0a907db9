"""The feed server as a process of its own: what Kaspi gets, and what the log says of it."""

import datetime as dt
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import psycopg
import pytest
import requests
from fastapi.testclient import TestClient

from include.db.connection import connect
from include.kaspi.price_list import read
from include.sandbox import buyer
from tests.db.restock_world import Offer, RestockWorld

CLOCK = dt.datetime(2026, 11, 14, 6, 20, tzinfo=dt.UTC)


@dataclass
class Feed:
    """A running feed server over a warehouse with one merchant."""

    url: str
    world: RestockWorld

    def get(self, path: str, **headers: str) -> requests.Response:
        return requests.get(f"{self.url}{path}", headers=headers, timeout=10)

    def log(self) -> list[tuple[int | None, int]]:
        return [
            tuple(row.values())
            for row in self.world.query("select version, status from channel.feed_fetch order by id")
        ]


@pytest.fixture(scope="module")
def clock() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f'{{"now": "{CLOCK.isoformat()}"}}'.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/now"
    server.shutdown()
    server.server_close()


@pytest.fixture
def feed(new_warehouse: Callable[[], str], clock: str) -> Iterator[Feed]:
    with RestockWorld(new_warehouse(), {"A1": Offer("A1")}).served() as world:
        world.onboard()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", "include.feed_server", "--port", str(port), "--clock", clock],
            env={**os.environ, "QAITARYM_WAREHOUSE_DSN": world.dsn},
        )
        found = Feed(f"http://127.0.0.1:{port}", world)
        try:
            _wait(found)
            yield found
        finally:
            process.terminate()
            process.wait(timeout=10)


def _wait(feed: Feed) -> None:
    for _ in range(100):
        try:
            if feed.get("/healthz").status_code == 200:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    raise AssertionError("the feed server did not start")


def test_a_list_is_served_with_its_version_and_every_get_is_logged(feed: Feed) -> None:
    feed.world.unit("U1", "A1", 1, route="resale", grade="B")
    feed.world.restock(2)

    first = feed.get("/secret.xml", **{"User-Agent": "KaspiBot"})
    again = feed.get("/secret.xml", **{"If-None-Match": first.headers["ETag"]})
    weak = feed.get("/secret.xml", **{"If-None-Match": f'"other", W/{first.headers["ETag"]}'})
    head = requests.head(f"{feed.url}/secret.xml", timeout=10)

    assert first.status_code == 200
    assert first.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert first.headers["X-Feed-Version"] == "1"
    assert first.headers["Last-Modified"] == "Sat, 14 Nov 2026 05:00:00 GMT"
    assert [offer.sku for offer in read(first.content).offers] == ["A1", "A1R"]
    assert (again.status_code, again.content) == (304, b"")
    assert weak.status_code == 304
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(first.content))
    assert feed.log() == [(1, 200), (1, 304), (1, 304)]
    agents = feed.world.query("select fetched_at, user_agent from channel.feed_fetch order by id limit 1")
    assert agents == [{"fetched_at": CLOCK, "user_agent": "KaspiBot"}]

    feed.world.offers["A1"].count = 4
    feed.world.restock(3)
    changed = feed.get("/secret.xml", **{"If-None-Match": first.headers["ETag"]})
    assert (changed.status_code, changed.headers["X-Feed-Version"]) == (200, "2")
    assert changed.headers["ETag"] != first.headers["ETag"]


def test_off_kaspi_goods_have_a_list_of_their_own(feed: Feed) -> None:
    feed.world.unit("=U1", "A1", 1, used=True, grade="C", route="off_kaspi")
    feed.world.restock(2)

    as_json = feed.get("/secret/off-kaspi.json").json()
    as_csv = feed.get("/secret/off-kaspi.csv")

    assert as_json["version"] == 1
    (offer,) = as_json["offers"]
    assert (offer["unit"], offer["price"], offer["main_price"], offer["grade"]) == ("=U1", 9_250, 10_000, "C")
    header, line = as_csv.text.splitlines()
    assert header.startswith("unit,offer_sku,sku,")
    assert line.startswith("'=U1,A1R,A1,")  # no spreadsheet takes it for a formula
    assert feed.log() == []


def test_nothing_published_yet_is_an_answer_that_keeps_kaspis_list(feed: Feed) -> None:
    answer = feed.get("/secret.xml")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert feed.log() == [(None, 503)]
    assert feed.get("/secret/off-kaspi.json").json() == {"version": 0, "offers": []}


def test_anything_else_is_one_constant_answer(feed: Feed) -> None:
    feed.world.restock(2)
    answers = [
        feed.get(path)
        for path in (
            "/",
            "/docs",
            "/openapi.json",
            "/unknown.xml",
            "/unknown/off-kaspi.json",
            "/unknown/off-kaspi.csv",
            "/secret",
        )
    ] + [requests.post(f"{feed.url}/secret.xml", timeout=10)]

    assert {(answer.status_code, answer.content) for answer in answers} == {(404, b"not found\n")}
    assert feed.log() == []


def test_a_database_that_was_restarted_costs_nobody_his_answer(feed: Feed) -> None:
    feed.world.restock(2)
    assert feed.get("/secret.xml").status_code == 200
    with connect(feed.world.dsn) as conn:
        conn.execute(
            """
            select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and application_name = 'qaitarym feed server'
            """
        )
    assert feed.get("/secret.xml").status_code == 200


def test_only_kaspis_get_of_a_version_that_carries_the_unit_puts_it_on_sale(feed: Feed) -> None:
    unit = feed.world.unit("U1", "A1", 1)
    feed.world.restock(2)
    feed.get("/secret.xml", **{"User-Agent": "Mozilla/5.0"})
    feed.world.restock(4)
    assert feed.world.state(unit) == "restock_pending"

    feed.get("/secret.xml", **{"User-Agent": buyer.USER_AGENT})
    feed.world.restock(5)

    assert feed.world.state(unit) == "on_sale"
    assert feed.world.one("select fetched_at from channel.addition") == CLOCK


def test_there_is_no_list_without_a_database_to_log_to() -> None:
    from include.clock import SystemClock
    from include.db.pool import Pool
    from include.feed_server.app import build_app

    pool = Pool("host=127.0.0.1 port=1 dbname=none user=none connect_timeout=1", wait_seconds=1)
    with pytest.raises(psycopg.OperationalError), pool.connection():
        pass
    app = build_app(pool, SystemClock())
    assert app.openapi_url is None
    assert TestClient(app).get("/secret.xml").status_code == 503
