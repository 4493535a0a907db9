"""Publishing the price list, whatever goes wrong: no base offer is lost, nothing is offered twice or too often.

Real processes, really killed; a real PostgreSQL, of which each death gets a copy as it stood; real HTTP.
"""

import datetime as dt
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID

import psycopg
import pytest
import requests
from lxml import etree
from psycopg import conninfo

from include.clock import ALMATY
from include.db.connection import connect
from include.db.statements import run as run_statement
from include.db.statements import text_of
from include.flows import restock_sync
from include.flows.balance import balance
from include.flows.run import Run, open_run
from include.kaspi.price_list import read
from include.kaspi.price_list.reading import offer_elements
from include.quality.suite import SqlCheck
from include.quality.suites.restock_sync import SUITE
from tests.conftest import APPLICATION, TestServer
from tests.db.restock_world import Offer, RestockWorld, at

ROOT = Path(__file__).resolve().parents[2]
SERVED = """
select feed_version.body, base_list.body as base, feed_version.version, feed_version.cautious
from channel.feed_version
inner join channel.base_list using (merchant_id, base_version)
where feed_version.status = 'published'
order by feed_version.version desc
limit 1
"""
TOO_MUCH = """
select offer.offer_sku, offer.quantity, offer.base_quantity, count(free.unit_id) as free
from channel.feed_offer as offer
left join channel.offered_unit as free
    on offer.merchant_id = free.merchant_id and offer.offer_sku = free.offer_sku and offer.store_id = free.store_id
    and free.channel <> 'off_kaspi' and not free.reserved and free.quantity = 1
where offer.version = (select max(version) from channel.feed_version where status = 'published')
group by offer.offer_sku, offer.store_id, offer.quantity, offer.base_quantity
having offer.quantity > coalesce(offer.base_quantity, 0) + count(free.unit_id)
"""
TWICE = """
select unit_id from ledger.effective_event where type = 'restock_pending' group by unit_id having count(*) > 1
union all
select unit_id from channel.addition where withdrawn_at is null group by unit_id having count(*) > 1
union all
select unit_id from channel.sale where state <> 'freed' group by unit_id having count(*) > 1
"""


def query(dsn: str, statement: str) -> list[dict[str, Any]]:
    with connect(dsn) as conn:
        return conn.execute(statement.encode()).fetchall()


def facts(offer: etree._Element) -> bytes:
    """An offer in canonical form, less what may change in it."""
    copied = etree.fromstring(etree.tostring(offer, with_tail=False))
    for place in copied.iter("{*}availability"):
        place.attrib.pop("stockCount", "")
        place.attrib.pop("available", "")
    return bytes(etree.tostring(copied, method="c14n2"))


def must_hold(dsn: str, now: dt.datetime) -> None:
    """Nothing is lost, nothing is there twice, no more is offered than there is, the books close."""
    for row in query(dsn, SERVED):
        theirs, ours = (offer_elements(etree.fromstring(bytes(row[name]))) for name in ("base", "body"))
        assert [facts(one) for one in ours[: len(theirs)]] == [facts(one) for one in theirs]
        assert len(read(bytes(row["body"])).offers) == len(ours)
    assert query(dsn, TOO_MUCH) == []
    assert query(dsn, TWICE) == []
    day = now.astimezone(ALMATY).date()
    with connect(dsn) as conn:
        lines = balance(conn, "m", day, day)
    assert lines
    assert all(line.closes for line in lines)


def judge(dsn: str, run: Run) -> None:
    """The gate's own checks in SQL; each must hold, and the part passes."""
    with connect(dsn) as conn:
        run_statement(conn, "ops/show_run", **run.key, merchant_id=None)
        for check in SUITE.checks:
            if isinstance(check, SqlCheck) and check.severity == "batch":
                assert conn.execute(text_of(f"checks/{check.name}").encode()).fetchall() == [], check.name
        merchants = [row["merchant_id"] for row in conn.execute("select merchant_id from core.merchant")]
        run_statement(conn, "ops/batch__judge", **run.key, suite=SUITE.name, merchants=merchants)


class Worker:
    """The process that forks a worker a command."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def begin(self, world: RestockWorld, run: Run, task: str, dsn: str | None = None, **more: Any) -> None:
        assert self.process.stdin is not None
        command = {"task": task, "dsn": dsn or world.dsn, "url": world.url, "run_id": run.run_id,
                   "now": run.now.isoformat(), "attempt": 1, **more}  # fmt: skip
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()

    def end(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def do(self, *args: Any, **more: Any) -> dict[str, Any]:
        self.begin(*args, **more)
        return self.end()


@contextmanager
def worker() -> Iterator[Worker]:
    with subprocess.Popen(
        [sys.executable, str(ROOT / "tests" / "faults" / "list_worker.py")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline()) == {"ready": True}
            yield Worker(process)
        finally:
            process.kill()


@contextmanager
def copies(server: TestServer, dsn: str) -> Iterator[Callable[[], str]]:
    """Make copies of a database as it stands; each goes when the next one is made."""
    template, number = str(conninfo.conninfo_to_dict(dsn)["dbname"]), 0
    name = ""

    def copy() -> str:
        nonlocal name, number
        if name:
            server.drop_database(name)
        number += 1
        name = f"{template}_copy_{number}"
        with psycopg.connect(server.address("postgres"), autocommit=True) as conn:
            conn.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (template,))
        server.create_database(name, template)
        return server.address(name, APPLICATION)

    yield copy
    if name:
        server.drop_database(name)


def whole_run(world: RestockWorld, hours: float) -> Run:
    """One run without Great Expectations: its checks in SQL are asked as they are."""
    run = world.new_run("restock_sync", hours)
    restock_sync.stage(world.dsn, run, world.ports(), f"{run.run_id}/stage#1")
    judge(world.dsn, run)
    restock_sync.publish(world.dsn, run, f"{run.run_id}/publish#1")
    return run


@pytest.fixture
def world(new_warehouse: Callable[[], str]) -> Iterator[RestockWorld]:
    """A shop in full swing: units of each channel on sale, an order, others waiting for their turn."""
    offers = {sku: Offer(sku) for sku in ("A1", "B1", "C1", "D1")}
    with RestockWorld(new_warehouse(), offers).served() as made:
        made.onboard()
        made.observed = False
        for number in range(3):
            made.unit(f"R{number}", "A1", 1, route="resale", grade="B")
        made.unit("M0", "B1", 1)
        made.unit("O0", "C1", 1, used=True, grade="C", route="off_kaspi")
        whole_run(made, 2)
        made.fetched(2.1)
        made.order("o1", "A1R", 2.2, handed_over=2.6)
        made.order("o2", "A1R", 2.3)
        made.unit("M1", "B1", 2.4)
        made.unit("R3", "D1", 2.4, route="resale", grade="B")
        made.offers["B1"].count = 3
        yield made


def end_states(dsn: str) -> dict[str, Any]:
    """What a reader sees in the end, whatever happened on the way."""
    return {
        "list": query(dsn, "select offer_sku, store_id, quantity, price from channel.feed_offer where version = ("
                           "select max(version) from channel.feed_version where status = 'published') order by 1, 2"),
        "outlet": query(dsn, "select body from channel.off_kaspi_list"),
        "units": query(dsn, "select unit_id, state, channel from ledger.unit order by 1"),
        "additions": query(dsn, "select unit_id, decision_seq, quantity, price, published_version is not null as out "
                                "from channel.addition order by 1, 2"),
        "sales": query(dsn, "select entry_id, piece, unit_id, state from channel.sale order by 1, 2"),
    }  # fmt: skip


def finish(world: RestockWorld, copy: str, run: Run, way: Worker, first: str) -> dict[str, Any]:
    """Try again as Airflow does, go on to the end; return what a reader sees."""
    for task in ("stage", "publish")[("stage", "publish").index(first) :]:
        told = way.do(world, run, task, copy, attempt=2)
        assert "error" not in told, told
        if task == "stage":
            judge(copy, run)
    must_hold(copy, run.now)
    return end_states(copy)


@pytest.mark.timeout(1_800)  # a copy of the database, two tries and the whole balance for each exchange
@pytest.mark.parametrize("task", ["stage", "publish"])
def test_killed_at_any_exchange_and_tried_again_it_ends_the_same(
    world: RestockWorld, postgres_server: TestServer, task: str
) -> None:
    run = world.new_run("restock_sync", 3)
    with worker() as way:
        if task == "publish":
            way.do(world, run, "stage")
            judge(world.dsn, run)
            world.order("o3", "A1R", 2.9)  # a sale between reading and publishing
        with copies(postgres_server, world.dsn) as copy:
            dsn = copy()
            lived = way.do(world, run, task, dsn)
            assert "error" not in lived, lived
            wanted = finish(world, dsn, run, way, task)
            assert wanted["list"]
            for number in range(1, lived["exchanges"] + 1):
                dsn = copy()
                last = number == lived["exchanges"]
                told = way.do(world, run, task, dsn, **{"die_after" if last else "die_at": number})
                assert told["killed"], (number, told)
                assert finish(world, dsn, run, way, task) == wanted, number


def test_a_list_is_seen_whole_or_not_at_all_while_publishing_dies(
    world: RestockWorld, postgres_server: TestServer
) -> None:
    """What a reader gets right after a death is the old list or the new one."""
    run = world.new_run("restock_sync", 3)
    with worker() as way, copies(postgres_server, world.dsn) as copy:
        way.do(world, run, "stage")
        judge(world.dsn, run)
        lived = way.do(world, run, "publish", copy())["exchanges"]
        before = bytes(query(world.dsn, SERVED)[0]["body"])
        seen = set()
        for number in range(1, lived + 1):
            dsn = copy()
            way.do(world, run, "publish", dsn, die_after=number)
            (row,) = query(dsn, SERVED)
            seen.add(bytes(row["body"]))
            status = query(dsn, f"select status from ops.batch where run_id = '{run.run_id}'")[0]["status"]
            assert (bytes(row["body"]) != before) == (status == "published")
        assert len(seen) == 2


def test_two_runs_at_once_publish_each_unit_once(world: RestockWorld) -> None:
    for round_ in range(3):
        units = [world.unit(f"T{round_}{n}", "A1", 2.5, route="resale", grade="B") for n in range(2)]
        runs = [world.new_run("restock_sync", 3 + round_) for _ in range(2)]
        with worker() as one, worker() as other:
            for task in ("stage", "publish"):
                for way, run in ((one, runs[0]), (other, runs[1])):
                    way.begin(world, run, task)
                told = [one.end(), other.end()]
                assert not any("error" in answer for answer in told), told
                if task == "stage":
                    for run in runs:
                        judge(world.dsn, run)
        must_hold(world.dsn, runs[1].now)
        free = 1 + 2 * (round_ + 1)  # three came, two are taken
        assert world.shown()["A1R"] == (free, 9_250)
        assert {world.status(run) for run in runs} == {"published"}
        assert len(units) == 2


def test_a_frozen_publisher_that_wakes_up_late_changes_nothing(world: RestockWorld) -> None:
    """Its lease was taken over, its run overtaken: it may only find that it is late."""
    slow = world.new_run("restock_sync", 3)
    restock_sync.stage(world.dsn, slow, world.ports(), f"{slow.run_id}/stage#1")
    judge(world.dsn, slow)
    world.order("o3", "A1R", 2.9)
    whole_run(world, 4)
    before = end_states(world.dsn)

    restock_sync.publish(world.dsn, slow, f"{slow.run_id}/publish#1")

    assert end_states(world.dsn) == before
    must_hold(world.dsn, at(4))


# --- the base list


def broken(kind: str, whole: bytes) -> bytes:
    offer = Offer("A1", count=2).xml().encode()
    return {
        "cut": whole[: len(whole) // 2],
        "empty": whole[: whole.index(b"<offer ")] + b"</offers></kaspi_catalog>",
        "nothing": b"",
        "a page": b"<html><body>503</body></html>",
        "doubled": whole.replace(b"</offers>", offer + b"</offers>"),
        "half gone": whole[: whole.index(b'<offer sku="C1"')] + b"</offers></kaspi_catalog>",
    }[kind]


@pytest.mark.parametrize("kind", ["cut", "empty", "nothing", "a page", "doubled", "half gone", "stale"])
def test_a_broken_base_list_loses_nothing_and_sold_goods_still_leave(world: RestockWorld, kind: str) -> None:
    served = world.shown()
    whole = world.base_xml()
    if kind == "stale":
        world.broken = True
    else:
        world.base_xml = lambda: broken(kind, whole)  # type: ignore[method-assign]
    hours = 2 + 25 if kind == "stale" else 3

    whole_run(world, hours)

    after = world.shown()
    assert {"A1", "B1", "C1", "D1"} <= after.keys()
    # one of three is sold, one reserved; of a doubled offer nobody knows which one ours is like
    assert after.get("A1R") == (None if kind == "doubled" else (1, 9_250))
    held = kind in ("half gone", "stale")
    # before: 5 and a unit of ours; since then the merchant has 3 of his own, and a second unit passed QC
    assert served["B1"] == (6, 10_000)
    assert after["B1"] == ({"half gone": 4, "stale": 6, "doubled": 5}.get(kind, 7), 10_000)
    assert ("D1R" in after) == (not held)
    must_hold(world.dsn, at(hours))


def test_units_of_a_doubled_sku_wait_and_both_offers_come_through(world: RestockWorld) -> None:
    whole = world.base_xml()
    world.base_xml = lambda: broken("doubled", whole)  # type: ignore[method-assign]
    unit = world.unit("M9", "A1", 2.5)

    whole_run(world, 3)

    rows = query(
        world.dsn,
        "select quantity from channel.feed_offer where offer_sku = 'A1' and version = ("
        "select max(version) from channel.feed_version where status = 'published') order by position",
    )
    assert [row["quantity"] for row in rows] == [5, 2]
    waits = world.one(f"select waiting_reason from channel.addition where unit_id = '{unit}'")
    assert waits == "the main SKU stands in the base list more than once"
    must_hold(world.dsn, at(3))


@contextmanager
def falling_silent(body: bytes) -> Iterator[str]:
    """A server that promises a whole list and breaks off in the middle of it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2])

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/base.xml"
    server.shutdown()
    server.server_close()


def test_a_base_list_that_breaks_off_on_its_way_is_not_taken_for_a_short_one(world: RestockWorld) -> None:
    run = world.new_run("restock_sync", 3)
    with falling_silent(world.base_xml()) as url:
        restock_sync.stage(world.dsn, run, restock_sync.Ports(lambda _: url), "stage#1")
    judge(world.dsn, run)
    restock_sync.publish(world.dsn, run, "publish#1")

    assert world.one("select count(*) from channel.base_list") == 1
    assert {"A1", "B1", "C1", "D1"} <= world.shown().keys()
    must_hold(world.dsn, run.now)


# --- the clock


def test_a_clock_that_goes_back_stops_nothing(world: RestockWorld) -> None:
    whole_run(world, 3)
    world.order("o3", "A1R", 2.9)
    with connect(world.dsn) as conn:
        back = open_run(conn, "restock_sync", "an hour earlier", _Clock(at(2)), steady=True)
        old = open_run(conn, "restock_sync", "a day of the past", _Clock(at(-24)))
    assert back.now == at(3)
    before = end_states(world.dsn)
    restock_sync.stage(world.dsn, old, world.ports(), "old/stage#1")
    restock_sync.publish(world.dsn, old, "old/publish#1")
    assert end_states(world.dsn) == before  # who works in the past on purpose does not publish it

    restock_sync.stage(world.dsn, back, world.ports(), "back/stage#1")
    judge(world.dsn, back)
    restock_sync.publish(world.dsn, back, "back/publish#1")

    assert "A1R" not in world.shown()
    must_hold(world.dsn, back.now)
    published = query(
        world.dsn, "select published_at from channel.feed_version where status = 'published' order by version"
    )
    assert published == sorted(published, key=lambda row: row["published_at"])


class _Clock:
    def __init__(self, moment: dt.datetime) -> None:
        self.moment = moment

    def now(self) -> dt.datetime:
        return self.moment


# --- the answer is lost after the list was taken


@contextmanager
def feed_server(world: RestockWorld) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "include.feed_server", "--port", str(port)],
        env={**os.environ, "QAITARYM_WAREHOUSE_DSN": world.dsn},
    )
    try:
        for _ in range(300):
            try:
                if requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5).ok:
                    break
            except requests.ConnectionError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=10)


def test_kaspi_that_lost_the_answer_asks_again_and_gets_the_same_list(world: RestockWorld) -> None:
    units: list[UUID] = [row["unit_id"] for row in world.query("select unit_id from ledger.unit where sku = 'B1'")]
    whole_run(world, 3)
    with feed_server(world) as url:
        port = int(url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as wire:
            wire.sendall(b"GET /secret.xml HTTP/1.1\r\nHost: x\r\nUser-Agent: KaspiBot\r\n\r\n")
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")  # gone at once
        for _ in range(100):
            if world.one("select count(*) from channel.feed_fetch where user_agent = 'KaspiBot'"):
                break
            time.sleep(0.1)
        again = requests.get(f"{url}/secret.xml", headers={"User-Agent": "KaspiBot"}, timeout=10)
        known = requests.get(
            f"{url}/secret.xml", headers={"User-Agent": "KaspiBot", "If-None-Match": again.headers["ETag"]}, timeout=10
        )
    assert (again.status_code, known.status_code) == (200, 304)
    assert {offer.sku: offer.availabilities[0].stock_count for offer in read(again.content).offers} == {
        sku: quantity for sku, (quantity, _) in world.shown().items()
    }
    now = dt.datetime.now(dt.UTC)
    with connect(world.dsn) as conn:
        run = open_run(conn, "restock_sync", "after", _Clock(now))
    for _ in range(2):  # and once more, as if its own answer was lost, too
        restock_sync.stage(world.dsn, run, world.ports(), "after/stage#1")
        judge(world.dsn, run)
        restock_sync.publish(world.dsn, run, "after/publish#1")
    assert {world.state(unit) for unit in units} == {"on_sale"}
    events = world.query("select unit_id, count(*) as n from ledger.unit_event where type = 'on_sale' group by 1")
    assert {row["n"] for row in events} == {1}
    must_hold(world.dsn, now)
