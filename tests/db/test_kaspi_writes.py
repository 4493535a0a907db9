"""Writes to Kaspi: who may, what is kept, sent once, read back; a lost answer is settled and never repeated."""

import contextlib
import datetime as dt
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from include.db.connection import connect
from include.domain.staff import Staff
from include.flows import kaspi_writes
from include.flows.desk_access import NotAllowed, Refused
from include.flows.onboarding import Store, add_merchant
from include.kaspi import writes
from include.kaspi.shop_api import ShopSettings
from tests.flow_driver import World, sandbox
from tools import kaspi_write as tool

NOON = dt.datetime(2026, 11, 14, 7, tzinfo=dt.UTC)
BOSS = Staff("aliya", {"m": "supervisor"})
Answering = Callable[["Shop", BaseHTTPRequestHandler], None]


@dataclass
class Clock:
    moment: dt.datetime = NOON

    def now(self) -> dt.datetime:
        return self.moment


def reply(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@dataclass
class Shop:
    """A shop with one order, over real HTTP. ``on_write`` answers a POST; what came is kept."""

    status: str | None = "CANCELLING"
    posts: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    on_write: Answering = lambda shop, handler: shop.accept(handler)
    url: str = ""

    def document(self) -> bytes:
        attributes = {"code": "700001", "status": self.status, "customer": {"firstName": "Айгүл"}}
        return json.dumps({"data": {"type": "orders", "id": "o1", "attributes": attributes}}).encode()

    def accept(self, handler: BaseHTTPRequestHandler, becomes: str = "CANCELLED") -> None:
        self.status = becomes
        reply(handler, 200, self.document())

    @contextmanager
    def served(self) -> Iterator["Shop"]:
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if shop.status is None:
                    reply(self, 404, b'{"errors": [{"title": "Order is not found."}]}')
                else:
                    reply(self, 200, shop.document())

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                shop.posts.append(json.loads(body))
                shop.headers.append(dict(self.headers))
                shop.on_write(shop, self)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()


@dataclass
class Desk:
    """A warehouse with merchant ``m``, his order 700001 and a piece of it at the dock; and the shop."""

    dsn: str
    shop: Shop
    clock: Clock = field(default_factory=Clock)

    def prepare(self, *, arrived: bool = True) -> None:
        with connect(self.dsn) as conn:
            add_merchant(conn, "m", name="M", stores=[Store("PP1", "W1", False, False)], feed_token="secret")
            order(conn, "m", "o1", "700001", "CANCELLING")
            if arrived:
                piece(conn, "m", "o1")

    def settings(self) -> ShopSettings:
        return ShopSettings("m", self.shop.url, "token", requests_per_second=500)

    def ask(self, action: str = "ARRIVED_BACKWARD", staff: Staff = BOSS, **more: Any) -> UUID:
        with connect(self.dsn) as conn:
            facts = {"actor": staff.user_name, "reason": "the parcel is here", "clock": self.clock, **more}
            return kaspi_writes.ask(conn, staff, "m", "700001", action, **facts)

    def live(self, action: str = "ARRIVED_BACKWARD", live: bool = True) -> None:
        with connect(self.dsn) as conn:
            said = {"actor": "aliya", "reason": "tried by hand", "clock": self.clock}
            kaspi_writes.switch(conn, BOSS, "m", action, live=live, **said)

    def carry_out(self, write_id: UUID, owner: str = "test#0") -> str:
        with kaspi_writes.writes_to(self.dsn, self.settings()) as writes:
            return kaspi_writes.carry_out(self.dsn, writes, write_id, self.clock, owner, "aliya")

    def settle(self, **later: float) -> dict[str, int]:
        self.clock.moment += dt.timedelta(**later)
        writes_of = lambda _: kaspi_writes.writes_to(self.dsn, self.settings())  # noqa: E731
        return kaspi_writes.settle_open(self.dsn, writes_of, self.clock, "settle#0")

    def steps(self, write_id: UUID) -> list[str]:
        with connect(self.dsn) as conn:
            return [row["step"] for row in kaspi_writes.one(conn, write_id)[1]]

    def state(self, write_id: UUID) -> str:
        with connect(self.dsn) as conn:
            return str(kaspi_writes.one(conn, write_id)[0]["state"])


def order(conn: psycopg.Connection[Any], merchant_id: str, order_id: str, code: str, status: str) -> None:
    conn.execute(
        """
        insert into core.customer_order (
            merchant_id, order_id, code, state, status, total_price, created_at, store_id, payload_hash
        )
        values (%s, %s, %s, 'KASPI_DELIVERY', %s, 9250, %s, 'PP1', '')
        """,
        (merchant_id, order_id, code, status, NOON - dt.timedelta(days=9)),
    )


def piece(conn: psycopg.Connection[Any], merchant_id: str, order_id: str) -> None:
    conn.execute(
        """
        insert into ledger.unit (unit_id, merchant_id, state, seq, order_id, received_at)
        values (gen_random_uuid(), %s, 'received', 1, %s, %s)
        """,
        (merchant_id, order_id, NOON - dt.timedelta(hours=2)),
    )


@pytest.fixture
def desk(new_warehouse: Callable[[], str]) -> Iterator[Desk]:
    with Shop().served() as shop:
        made = Desk(new_warehouse(), shop)
        made.prepare()
        yield made


# --- who may, and what


def test_nothing_is_sent_until_a_supervisor_switches_it_on(desk: Desk) -> None:
    write_id = desk.ask()

    assert desk.carry_out(write_id) == "dry_run"

    assert desk.shop.posts == []
    with connect(desk.dsn) as conn:
        write, steps = kaspi_writes.one(conn, write_id)
    assert (write["actor"], write["reason"], write["dry_run"]) == ("aliya", "the parcel is here", True)
    assert write["request"]["data"]["attributes"] == {"code": "700001", "status": "ARRIVED_BACKWARD"}
    assert [(step["step"], step["status_seen"], step["actor"]) for step in steps] == [
        ("dry_run", "CANCELLING", "aliya")
    ]


def test_a_live_write_is_sent_once_as_documented_and_read_back(desk: Desk) -> None:
    desk.live()
    write_id = desk.ask()

    assert desk.carry_out(write_id) == "done"
    assert desk.carry_out(write_id) == "done"

    attributes = {"code": "700001", "status": "ARRIVED_BACKWARD"}
    assert desk.shop.posts == [{"data": {"type": "orders", "id": "o1", "attributes": attributes}}]
    sent = desk.shop.headers[0]
    assert (sent["X-Auth-Token"], sent["Content-Type"]) == ("token", "application/vnd.api+json")
    assert sent["User-Agent"] == "Qaitarym/1.0"
    assert desk.steps(write_id) == ["sending", "accepted", "done"]
    with pytest.raises(Refused, match="was done before"):
        desk.ask()


@pytest.mark.parametrize("roles", [{}, {"m": "inspector"}, {"other": "supervisor"}], ids=str)
def test_only_a_supervisor_of_the_merchant_asks_and_switches(desk: Desk, roles: dict[str, Any]) -> None:
    somebody = Staff("beket", roles)
    with pytest.raises(NotAllowed):
        desk.ask(staff=somebody)
    said = {"actor": "beket", "reason": "because", "clock": desk.clock}
    with connect(desk.dsn) as conn, pytest.raises(NotAllowed):
        kaspi_writes.switch(conn, somebody, "m", "CANCELLED", live=True, **said)
    with connect(desk.dsn) as conn:
        assert conn.execute("select count(*) as n from ops.kaspi_write").fetchone() == {"n": 0}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"action": "RETURNED"}, "unknown_action"),
        ({"reason": "  "}, "no_reason"),
        ({"action": "CANCELLED"}, "wrong_reason"),
        ({"action": "CANCELLED", "cancellation_reason": "I_DO_NOT_LIKE_IT"}, "wrong_reason"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_reason(desk: Desk, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        desk.ask(**changes)
    assert refused.value.reason_code == code


def test_an_arrival_is_only_told_of_goods_that_arrived(new_warehouse: Callable[[], str]) -> None:
    with Shop().served() as shop:
        desk = Desk(new_warehouse(), shop)
        desk.prepare(arrived=False)
        with pytest.raises(Refused, match="scan it first"):
            desk.ask()
        said = {"actor": "aliya", "reason": "here", "clock": desk.clock}
        with connect(desk.dsn) as conn, pytest.raises(Refused, match="no order"):
            kaspi_writes.ask(conn, BOSS, "m", "999", "ARRIVED_BACKWARD", **said)


@pytest.mark.parametrize("status", ["COMPLETED", "RETURNED", "SOMETHING_NEW", None])
def test_an_order_that_shows_another_status_by_now_is_left_alone(desk: Desk, status: str | None) -> None:
    desk.live()
    desk.shop.status = status

    assert desk.carry_out(desk.ask()) == "not_possible"
    assert desk.shop.posts == []


def test_what_was_switched_off_meanwhile_is_not_sent(desk: Desk) -> None:
    desk.live()
    write_id = desk.ask()
    desk.live(live=False)

    assert desk.carry_out(write_id) == "not_possible"
    assert desk.shop.posts == []


# --- what may come of a call


def cut(shop: Shop, handler: BaseHTTPRequestHandler) -> None:
    """Kaspi does it, and the answer is lost on the way."""
    shop.status = "CANCELLED"
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"data": {')
    handler.wfile.flush()
    handler.connection.shutdown(socket.SHUT_RDWR)


def dribble(_shop: Shop, handler: BaseHTTPRequestHandler) -> None:
    """Answer with a header that never ends."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    with contextlib.suppress(OSError):  # until the caller has had enough
        while True:
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.05)


def vanish(_shop: Shop, handler: BaseHTTPRequestHandler) -> None:
    """The connection ends without a word, and nothing was done."""
    handler.connection.shutdown(socket.SHUT_RDWR)


def answers(status: int, body: bytes, **headers: str) -> Answering:
    return lambda _shop, handler: reply(handler, status, body, **headers)


TITLE = json.dumps({"errors": [{"title": "Order status can not be changed."}]}).encode()


@pytest.mark.parametrize(
    ("answer", "state", "text"),
    [
        (answers(400, TITLE), "refused", "Order status can not be changed."),
        (answers(401, b"<html>"), "refused", "6 bytes that are no list of errors"),
        (answers(429, TITLE), "not_sent", "too many calls: try again later"),
    ],
    ids=["400", "401", "429"],
)
def test_a_refusal_ends_the_write_and_it_may_be_asked_for_again(
    desk: Desk, answer: Answering, state: str, text: str
) -> None:
    desk.live()
    desk.shop.on_write = answer
    write_id = desk.ask()

    assert desk.carry_out(write_id) == state

    with connect(desk.dsn) as conn:
        assert kaspi_writes.one(conn, write_id)[0]["answer"] == text
    desk.shop.on_write = Shop.accept
    again = desk.ask()
    assert again != write_id
    assert desk.carry_out(again) == "done"
    assert len(desk.shop.posts) == 2


def test_a_lost_answer_is_settled_by_what_the_order_shows(desk: Desk) -> None:
    desk.live()
    desk.shop.on_write = cut
    write_id = desk.ask()

    assert desk.carry_out(write_id) == "done"

    assert desk.steps(write_id) == ["sending", "unknown", "done"]
    assert len(desk.shop.posts) == 1


@pytest.mark.parametrize(
    "answer",
    [
        vanish,
        answers(500, b"oops"),
        answers(200, "<html>Айгүл</html>".encode()),
        answers(302, b"", Location="/elsewhere"),
        dribble,
    ],
    ids=["vanished", "500", "html", "redirect", "dribbling"],
)
def test_what_nobody_knows_stays_unknown_is_never_repeated_and_ends_by_itself(
    desk: Desk, answer: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writes, "CALL_SECONDS", 1.0)
    desk.live()
    desk.shop.on_write = answer
    write_id = desk.ask()

    assert desk.carry_out(write_id) == "unknown"
    with pytest.raises(Refused, match="is unknown"):
        desk.ask()
    assert desk.carry_out(write_id) == "unknown"
    assert desk.settle(minutes=30) == {"unknown": 1}
    assert len(desk.shop.posts) == 1

    assert desk.settle(minutes=31) == {"not_done": 1}
    assert desk.settle() == {}
    assert len(desk.shop.posts) == 1
    with connect(desk.dsn) as conn:
        kept = json.dumps(kaspi_writes.one(conn, write_id), default=str, ensure_ascii=False)
    assert "Айгүл" not in kept
    desk.shop.on_write = Shop.accept
    assert desk.carry_out(desk.ask()) == "done"


def test_kaspi_may_take_its_time_to_show_it(desk: Desk) -> None:
    desk.live()
    desk.shop.on_write = lambda shop, handler: shop.accept(handler, becomes="CANCELLING")
    write_id = desk.ask()

    assert desk.carry_out(write_id) == "accepted"
    desk.shop.status = "CANCELLED"
    assert desk.settle(minutes=20) == {"done": 1}
    assert desk.steps(write_id) == ["sending", "accepted", "looked", "done"]


def test_nobody_there_to_take_it_is_no_doubt(desk: Desk) -> None:
    desk.live()
    write_id = desk.ask()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = ShopSettings("m", f"http://127.0.0.1:{probe.getsockname()[1]}", "token", requests_per_second=500)
    with kaspi_writes.writes_to(desk.dsn, nobody) as writes:
        answer = writes.write({"data": {}})
    assert answer.outcome == "not_sent"
    assert desk.state(write_id) == "asked"


def test_a_sender_that_died_while_it_sent_is_settled_and_not_repeated(desk: Desk) -> None:
    desk.live()
    write_id = desk.ask()
    with connect(desk.dsn) as conn:
        conn.execute(
            "insert into ops.kaspi_write_step (write_id, seq, step, at, actor, status_seen) "
            "values (%s, 1, 'sending', %s, 'aliya', 'CANCELLING')",
            (write_id, NOON),
        )
    assert desk.settle(minutes=5) == {"unknown": 1}
    assert desk.settle(hours=1) == {"not_done": 1}
    assert desk.shop.posts == []


def test_two_at_once_send_it_once(desk: Desk) -> None:
    """Each asks for it and carries out whatever either has asked for."""
    desk.live()
    asked: list[UUID] = []

    def ask(_n: int) -> None:
        with contextlib.suppress(Refused):  # the other one's is not over
            asked.append(desk.ask())

    both(ask)
    ends: list[str] = []
    both(lambda n: ends.extend(desk.carry_out(write_id, f"sender-{n}#0") for write_id in asked))

    assert len(desk.shop.posts) == 1
    assert set(ends) <= {"done", "not_sent"}
    assert ends.count("done") == 2


def both(work: Callable[[int], object]) -> None:
    threads = [threading.Thread(target=work, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_the_database_itself_sends_and_ends_a_write_once_and_forgets_nothing(desk: Desk) -> None:
    desk.live()
    write_id = desk.ask()
    desk.carry_out(write_id)
    for statement in (
        "insert into ops.kaspi_write_step (write_id, seq, step, at, actor) values (%s, 9, 'sending', now(), 'x')",
        "insert into ops.kaspi_write_step (write_id, seq, step, at, actor) values (%s, 9, 'not_done', now(), 'x')",
        "update ops.kaspi_write set reason = 'another' where write_id = %s",
        "delete from ops.kaspi_write_step where write_id = %s",
    ):
        with connect(desk.dsn) as conn, pytest.raises(psycopg.Error):
            conn.execute(statement.encode(), (write_id,))


def test_what_was_asked_and_left_is_asked_anew(desk: Desk) -> None:
    left = desk.ask()
    again = desk.ask()
    assert left != again
    assert desk.state(left) == "not_sent"
    assert desk.carry_out(left) == "not_sent"


# --- the tool


@pytest.fixture
def shell(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    monkeypatch.setenv("QAITARYM_WAREHOUSE_DSN", desk.dsn)
    monkeypatch.setenv("KASPI_TOKEN", "token")
    with connect(desk.dsn) as conn:
        conn.execute("insert into ops.staff_role (user_name, merchant_id, role, granted_by, granted_at) "
                     "values ('aliya', 'm', 'supervisor', 'test', %s)", (NOON,))  # fmt: skip
    return lambda *words: tool.main([*words, "--merchant", "m"])


def test_the_tool_confirms_sends_and_tells(
    desk: Desk, shell: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    about = ("--action", "ARRIVED_BACKWARD", "--reason", "it is here", "--actor")
    ask = ("ask", "--url", desk.shop.url, "--order", "700001", *about)
    monkeypatch.setattr("builtins.input", lambda _: "no")
    assert shell(*ask, "aliya") == 1
    assert "nothing was done" in capsys.readouterr().err
    assert shell(*ask, "beket", "--confirm", "700001") == 1
    assert "no supervisor" in capsys.readouterr().err

    assert shell(*ask, "aliya", "--confirm", "700001") == 0
    assert "dry: nothing is sent" in capsys.readouterr().out
    assert desk.shop.posts == []

    assert shell("switch", *about, "aliya", "--live", "yes") == 0
    assert shell(*ask, "aliya", "--confirm", "700001") == 0
    assert "LIVE" in capsys.readouterr().out
    assert len(desk.shop.posts) == 1
    assert shell("settle", "--url", desk.shop.url) == 0
    assert shell("list") == 0
    listed = capsys.readouterr().out
    assert listed.count("ARRIVED_BACKWARD") == 3
    assert "done" in listed
    with connect(desk.dsn) as conn:
        (done,) = [row for row in kaspi_writes.listed(conn, ["m"]) if row["state"] == "done"]
    assert tool.main(["show", "--write", str(done["write_id"])]) == 0
    assert "shows CANCELLED" in capsys.readouterr().out


# --- against the sandbox, which has the documented rules


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, new_warehouse: Callable[[], str]) -> Iterator[World]:
    with sandbox(tmp_path_factory.mktemp("sandbox"), new_warehouse()) as here:
        yield here


def orders_in(world: World, *statuses: str, sent: bool = True) -> list[tuple[str, str, str, str]]:
    """(merchant, order id, code, status) of orders that show one of the statuses now, as the Shop API lists them.

    Without ``sent`` only those that no courier has yet.
    """
    import requests

    found = []
    now = dt.datetime.fromisoformat(world.about["now"])
    for merchant in world.about["merchants"]:
        headers = {"X-Auth-Token": merchant["token"], "Content-Type": "application/vnd.api+json", "User-Agent": "test"}
        for weeks in range(4):
            high = now - dt.timedelta(days=13 * weeks)
            query: dict[str, Any] = {
                "page[number]": 0, "page[size]": 100,
                "filter[orders][creationDate][$ge]": int((high - dt.timedelta(days=13)).timestamp() * 1000),
                "filter[orders][creationDate][$le]": int(high.timestamp() * 1000),
            }  # fmt: skip
            for status in statuses:
                asked = {**query, "filter[orders][status]": status}
                url = world.url + world.about["shop_api_path"] + "/orders"
                for one in requests.get(url, params=asked, headers=headers, timeout=30).json()["data"]:
                    attributes = one["attributes"]
                    if sent or not (attributes.get("kaspiDelivery") or {}).get("courierTransmissionDate"):
                        found.append((merchant["id"], one["id"], attributes["code"], attributes["status"]))
    return found


def write(world: World, merchant_id: str, order_id: str, code: str, status: str, action: str, **more: Any) -> str:
    """Ask for a live write to an order of the sandbox and carry it out."""
    merchant = next(one for one in world.about["merchants"] if one["id"] == merchant_id)
    boss = Staff("aliya", {"*": "supervisor"})
    with connect(world.dsn) as conn:
        order(conn, merchant_id, order_id, code, status)
        piece(conn, merchant_id, order_id)
        said = {"actor": "aliya", "reason": "here", "clock": world.clock}
        kaspi_writes.switch(conn, boss, merchant_id, action, live=True, **said)
        write_id = kaspi_writes.ask(conn, boss, merchant_id, code, action, **said, **more)
    with kaspi_writes.writes_to(world.dsn, world.shop(merchant)) as writes:
        return kaspi_writes.carry_out(world.dsn, writes, write_id, world.clock, "test#0", "aliya")


def test_the_sandbox_takes_an_arrival_and_shows_it(world: World) -> None:
    on_the_way = orders_in(world, "CANCELLING", "KASPI_DELIVERY_RETURN_REQUESTED")
    assert {status for *_, status in on_the_way} == {"CANCELLING", "KASPI_DELIVERY_RETURN_REQUESTED"}
    for status in ("CANCELLING", "KASPI_DELIVERY_RETURN_REQUESTED"):
        found = next(one for one in on_the_way if one[3] == status)

        assert write(world, *found, "ARRIVED_BACKWARD") == "done"

        assert found not in orders_in(world, status)


def test_the_sandbox_takes_a_cancellation_and_refuses_what_is_no_status(world: World) -> None:
    found = orders_in(world, "ACCEPTED_BY_MERCHANT", sent=False)[0]
    assert write(world, *found, "CANCELLED", cancellation_reason="MERCHANT_OUT_OF_STOCK") == "done"
    merchant = next(one for one in world.about["merchants"] if one["id"] == found[0])
    body = {"data": {"type": "orders", "id": found[1], "attributes": {"code": found[2], "status": "RETURNED"}}}
    with kaspi_writes.writes_to(world.dsn, world.shop(merchant)) as writes:
        answer = writes.write(body)
    assert (answer.outcome, answer.status) == ("refused", 400)
    assert "RETURNED" in answer.text


def test_an_answer_that_the_sandbox_cuts_off_is_settled_by_the_read_back(world: World) -> None:
    import requests

    found = next(one for one in orders_in(world, "CANCELLING") if one[2] not in known(world))
    requests.put(f"{world.url}/control/manners", json={"rates": {"cut": 1.0}}, timeout=30).raise_for_status()
    try:
        state = write(world, *found, "ARRIVED_BACKWARD")
    finally:
        requests.put(f"{world.url}/control/manners", json={}, timeout=30).raise_for_status()
    assert state == "done"
    with connect(world.dsn) as conn:
        row = conn.execute("select step from ops.kaspi_write_step where step = 'unknown'").fetchall()
    assert len(row) == 1


def known(world: World) -> set[str]:
    return {row["code"] for row in world.query("select code from core.customer_order")}


def test_the_sandbox_remembers_what_was_written_after_a_restart(tmp_path: Path) -> None:
    from include.sandbox.session import Session
    from include.sandbox.world import write_world

    made = write_world()
    session = Session(made, tmp_path, made.span.start_of_life)
    order = next(one for one in session.life.orders.values() if one.step_at(session.life.now).status == "CANCELLING")
    session.advance(session.life.now + dt.timedelta(hours=1))
    session.write(order, "ARRIVED_BACKWARD", None)
    session.advance(session.life.now + dt.timedelta(hours=1))

    fresh = write_world()
    again = Session(fresh, tmp_path, fresh.span.start_of_life)

    assert again.life.now == session.life.now
    assert again.life.orders[order.code].step_at(again.life.now).status == "CANCELLED"
