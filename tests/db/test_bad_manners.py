"""Kaspi at its worst: every bad manner at a rate, and the tables still say what the world did."""

import dataclasses
import datetime as dt
import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from include.db.connection import connect
from include.flows import kaspi_returns_ingest, onboarding
from include.kaspi import shop_api
from include.kaspi.errors import KaspiBusy, KaspiError, KaspiRefusedToken
from include.kaspi.shop_api import OrderList, ShopApi, ShopSettings
from tests.db.truths import CASES, COUNTS, ORDERS, check_against_the_truth
from tests.flow_driver import World, sandbox

RATES = {"all": 0.03}


@pytest.fixture(scope="module")
def lived(
    tmp_path_factory: pytest.TempPathFactory, new_warehouse: Callable[[], str]
) -> Iterator[tuple[World, list[str], dict[str, Any]]]:
    """A world whose past was taken in from a shop that misbehaves, what was logged, and what the shop did."""
    logged: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: logged.append(record.getMessage() + (str(record.exc_info) or ""))  # type: ignore[method-assign]
    patch = pytest.MonkeyPatch()
    patch.setattr(shop_api, "_backoff", lambda _: 0.02)
    patch.setattr(shop_api, "PAGE_SIZE", 20)  # the world is small: with pages of 100 there are no second ones
    logging.getLogger().addHandler(handler)
    try:
        with sandbox(tmp_path_factory.mktemp("rude"), new_warehouse(), "--manners", "all=0.03") as world:
            misbehave(world, RATES, slow_seconds=0.3)
            world.past()
            world.receipts()
            yield world, logged, requests.get(f"{world.url}/control/manners", timeout=30).json()
    finally:
        logging.getLogger().removeHandler(handler)
        patch.undo()


def misbehave(world: World, rates: dict[str, float], **more: Any) -> None:
    answer = requests.put(f"{world.url}/control/manners", json={"rates": rates, **more}, timeout=30)
    answer.raise_for_status()


@pytest.mark.parametrize("statement", [COUNTS, ORDERS, CASES], ids=["units", "orders", "cases"])
def test_the_past_is_taken_in_exactly_from_a_shop_of_bad_manners(
    lived: tuple[World, list[str], dict[str, Any]], statement: str
) -> None:
    check_against_the_truth(lived[0], statement)


def test_every_manner_was_met(lived: tuple[World, list[str], dict[str, Any]]) -> None:
    done = lived[2]["done"]
    print(done, "of", lived[2]["calls"], "calls")
    assert all(done[name] > 0 for name in lived[2]["rates"]), done


def test_what_the_shop_blurted_out_is_in_no_log_and_no_table(lived: tuple[World, list[str], dict[str, Any]]) -> None:
    world, logged, manners = lived
    words = {word for one in manners["buyers_shown"] for word in (one["name"], one["phone"])}
    assert words
    text = "\n".join(logged)
    assert len(logged) > 50 and [word for word in words if word in text] == []
    with connect(world.dsn) as conn:
        tables = conn.execute(
            "select format('%I.%I', table_schema, table_name) as name from information_schema.tables "
            "where table_schema in ('raw', 'core', 'ledger', 'channel', 'mart', 'ops') and table_type = 'BASE TABLE'"
        ).fetchall()
        for table in tables:
            rows = conn.execute(f"select to_jsonb(t)::text as line from {table['name']} as t").fetchall()
            content = "\n".join(row["line"] for row in rows)
            assert [word for word in words if word in content] == [], table["name"]


def test_three_runs_of_one_merchant_keep_one_pace_and_four_calls_at_once(
    lived: tuple[World, list[str], dict[str, Any]],
) -> None:
    world, _, _ = lived
    misbehave(world, {})
    merchant = world.about["merchants"][0]
    end = dt.datetime.fromisoformat(world.about["start_of_life"])
    runs = [
        world.new_run("kaspi_returns_ingest", f"pace {n}", range_from=end - dt.timedelta(days=30 + n), range_to=end)
        for n in range(3)
    ]
    per_second = 20
    settings = world.shop(merchant, requests_per_second=per_second)
    requests.post(f"{world.url}/control/manners/reset", timeout=30).raise_for_status()
    threads = [
        threading.Thread(
            target=kaspi_returns_ingest.fetch, args=(world.dsn, run, settings, world.clock, f"{run.run_id}/fetch")
        )
        for run in runs
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = requests.get(f"{world.url}/control/manners", timeout=30).json()
    name = merchant["id"]
    assert found["calls"] > 100
    # a call more: they are counted where they arrive, and the way there is not always equally long
    assert found["max_calls_in_any_second"][name] <= per_second + 1
    assert found["peak_concurrency"][name] <= 4


@pytest.fixture
def calm(tmp_path: Path, new_warehouse: Callable[[], str]) -> Iterator[World]:
    """A shop of good manners, and six merchants of ours who share its token: leases keep nobody of them apart."""
    with sandbox(tmp_path, new_warehouse()) as world:
        with connect(world.dsn) as conn:
            for name in SHARERS:
                onboarding.add_merchant(conn, name, name=name, stores=[])
        yield world


SHARERS = [f"sharer_{n}" for n in range(6)]


def fetch_all_at_once(world: World, run_id: str, days: int) -> dict[str, Any]:
    """Let the sharers fetch some days at the pace we promise; return how the shop was called."""
    end = dt.datetime.fromisoformat(world.about["start_of_life"])
    run = world.new_run("kaspi_returns_ingest", run_id, range_from=end - dt.timedelta(days=days), range_to=end)
    shop = world.shop(world.about["merchants"][0], requests_per_second=5)
    requests.post(f"{world.url}/control/manners/reset", timeout=30).raise_for_status()
    began = time.monotonic()
    with ThreadPoolExecutor(len(SHARERS)) as pool:
        staged = list(
            pool.map(
                lambda name: kaspi_returns_ingest.fetch(
                    world.dsn, run, dataclasses.replace(shop, merchant_id=name), world.clock, f"{run_id}/{name}"
                ),
                SHARERS,
            )
        )
    assert len(set(staged)) == 1 and staged[0] > 0, "everybody read the same shop"
    seconds = time.monotonic() - began
    return {**requests.get(f"{world.url}/control/manners", timeout=30).json(), "seconds": seconds}


def test_six_merchants_with_one_token_are_four_at_once_and_five_a_second(calm: World) -> None:
    name = calm.about["merchants"][0]["id"]
    # so slow that five a second would be more than four at once, were it not for the lanes
    misbehave(calm, {"slow": 1.0}, slow_seconds=1.3)
    found = fetch_all_at_once(calm, "slow", days=1)
    assert found["done"]["slow"] > 30
    assert found["peak_concurrency"][name] == 4
    misbehave(calm, {})
    found = fetch_all_at_once(calm, "fast", days=2)
    assert found["calls"] > 30
    assert found["peak_concurrency"][name] <= 4
    # they leave us a fifth of a second apart; one that is late on its way arrives nearer to the next
    assert found["max_calls_in_any_second"][name] <= 5 + 1
    assert found["calls"] <= 5 * found["seconds"] + 1


class Scripted:
    """A real server that answers each call as the next line of its script says, and notes when it came."""

    def __init__(self, *script: tuple[int, dict[str, str], float]) -> None:
        self.script = list(script)
        self.came: list[float] = []
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                scripted.came.append(time.time())
                status, headers, delay = scripted.script[len(scripted.came) - 1]
                time.sleep(delay)
                self.send_response(status)
                body = b'{"data": [], "meta": {"pageCount": 0, "totalCount": 7}}' if status == 200 else b""
                for header, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(header, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def count(self) -> int:
        """Ask for a list's count, as the flow does; the server is closed then."""
        settings = ShopSettings("shop", f"http://127.0.0.1:{self.server.server_port}", "token", requests_per_second=500)
        now = dt.datetime.now(dt.UTC)
        try:
            with ShopApi(settings) as shop:
                return shop.count(OrderList("NEW", now - dt.timedelta(days=1), now))
        finally:
            self.server.shutdown()
            self.server.server_close()


GOOD = (200, {}, 0.0)


@pytest.mark.parametrize(
    "bad", [(408, {}, 0.0), (429, {}, 0.0), (503, {}, 0.0), (200, {}, 1.0)], ids=["408", "429", "503", "timeout"]
)
def test_what_may_be_well_the_next_time_is_tried_again_and_no_more_than_four_times(
    monkeypatch: pytest.MonkeyPatch, bad: tuple[int, dict[str, str], float]
) -> None:
    monkeypatch.setattr(shop_api, "READ_SECONDS", 0.3)
    monkeypatch.setattr(shop_api, "_backoff", lambda _: 0.01)
    shop = Scripted(bad, bad, bad, GOOD)
    assert shop.count() == 7 and len(shop.came) == 4
    shop = Scripted(bad, bad, bad, bad, GOOD)
    with pytest.raises(KaspiBusy):
        shop.count()
    assert len(shop.came) == 4


@pytest.mark.parametrize("status", [400, 401, 403])
def test_what_is_refused_is_not_tried_again(status: int) -> None:
    shop = Scripted((status, {}, 0.0), GOOD)
    with pytest.raises(KaspiError):
        shop.count()
    assert len(shop.came) == 1


def test_the_wait_that_kaspi_asks_for_is_kept_whether_in_seconds_or_as_a_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop_api, "_backoff", lambda _: 0.01)
    until = int(time.time()) + 4
    shop = Scripted(
        (429, {"Retry-After": "1.5"}, 0.0),
        (503, {"Retry-After": formatdate(until, usegmt=True)}, 0.0),
        (429, {"Retry-After": "soon"}, 0.0),
        GOOD,
    )
    assert shop.count() == 7
    first, second, third, fourth = shop.came
    assert 1.5 <= second - first < 2.5
    assert until <= third < until + 1
    assert fourth - third < 0.5, "what nobody can read asks for nothing"


def test_a_caller_that_kaspi_does_not_like_is_told_from_a_wrong_token(
    lived: tuple[World, list[str], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, _, _ = lived
    misbehave(world, {}, hang=True)
    monkeypatch.setattr(shop_api, "READ_SECONDS", 0.5)
    monkeypatch.setattr(shop_api, "ATTEMPTS", 1)
    merchant = world.about["merchants"][0]
    end = dt.datetime.fromisoformat(world.about["start_of_life"])
    wanted = OrderList("NEW", end - dt.timedelta(days=1), end)
    disliked = world.shop(merchant, user_agent="python-requests/2.34")
    with ShopApi(disliked) as shop, pytest.raises(KaspiBusy, match="set user_agent or proxy"):
        shop.page(wanted, 0)
    with ShopApi(world.shop(merchant, token="wrong")) as shop, pytest.raises(KaspiRefusedToken, match=merchant["id"]):
        shop.page(wanted, 0)
    with ShopApi(world.shop(merchant)) as shop:
        assert shop.page(wanted, 0).number == 0


def test_a_body_that_dribbles_in_is_given_up_after_the_calls_deadline(
    lived: tuple[World, list[str], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, _, _ = lived
    misbehave(world, {"slow": 1.0}, slow_seconds=20)
    monkeypatch.setattr(shop_api, "CALL_SECONDS", 1.0)
    monkeypatch.setattr(shop_api, "ATTEMPTS", 1)
    end = dt.datetime.fromisoformat(world.about["start_of_life"])
    settings = world.shop(world.about["merchants"][0])
    with ShopApi(settings) as shop, pytest.raises(KaspiBusy, match="not answered whole within 1 s"):
        shop.page(OrderList("ARCHIVE", end - dt.timedelta(days=7), end), 0)
    misbehave(world, {})


class Dribble(BaseHTTPRequestHandler):
    """Answers with a header that never ends, a byte every tenth of a second."""

    def do_GET(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        try:
            while True:
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.1)
        except OSError:
            pass  # the caller has had enough

    def log_message(self, *_: Any) -> None:
        pass


@pytest.mark.parametrize("by_proxy", [False, True], ids=["direct", "by a proxy"])
def test_a_head_that_dribbles_in_is_given_up_after_the_calls_deadline(
    monkeypatch: pytest.MonkeyPatch, *, by_proxy: bool
) -> None:
    monkeypatch.setattr(shop_api, "CALL_SECONDS", 1.0)
    monkeypatch.setattr(shop_api, "ATTEMPTS", 1)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Dribble)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = f"http://127.0.0.1:{server.server_port}"
    settings = ShopSettings("shop", "http://127.0.0.1:9/shop/api/v2" if by_proxy else here, "token",
                            proxy=here if by_proxy else None)  # fmt: skip
    end, began = dt.datetime(2026, 11, 2, tzinfo=dt.UTC), time.monotonic()
    try:
        with ShopApi(settings) as shop, pytest.raises(KaspiBusy, match="not answered whole within 1 s"):
            shop.page(OrderList("ARCHIVE", end - dt.timedelta(days=7), end), 0)
    finally:
        server.shutdown()
        server.server_close()
    assert time.monotonic() - began < 10
