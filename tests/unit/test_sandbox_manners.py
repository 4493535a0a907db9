"""The Shop API's bad manners: drawn by the seed, never thrice in a row, real on the wire, and nowhere else."""

import contextlib
import http.client
import itertools
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import requests
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from include.sandbox.mailbox import Mailbox
from include.sandbox.manners import MANNERS, BadManners, Gauge, Manners, Settings, read_rates, read_settings
from include.sandbox.moments import DAY
from include.sandbox.server import application
from include.sandbox.session import Session
from include.sandbox.shop_payloads import decode
from include.sandbox.world import write_world
from runtime.sandbox_control import SandboxControl

ROOT = Path(__file__).parents[2]
AGENT = {"User-Agent": "Shop/1.0"}
JSON_API = {"Content-Type": "application/vnd.api+json"}
CREATED = "filter[orders][creationDate]"


# --- drawing


def drawn(manners: Manners, count: int) -> list[str | None]:
    turns = (manners.draw(f"request {n}", MANNERS) for n in range(count))
    return [turn and turn.manner for turn in turns]


def test_the_seed_and_the_number_of_the_request_decide() -> None:
    settings = Settings({"all": 0.05})
    first = Manners(7, settings)
    shown = drawn(first, 500)
    assert drawn(Manners(7, settings), 500) == shown != drawn(Manners(8, settings), 500)
    assert drawn(first, 500) != shown
    first.reset()
    assert drawn(first, 500) == shown


def test_each_manner_comes_at_its_rate() -> None:
    counts = Counter(drawn(Manners(7, Settings({"all": 0.03, "cut": 0.1, "slow": 0})), 20_000))
    assert set(counts) == {None, *MANNERS} - {"slow"}
    assert all(450 < counts[name] < 750 for name in MANNERS if name not in ("cut", "slow"))
    assert 1_800 < counts["cut"] < 2_200


def test_a_manner_that_cannot_be_shown_is_not_drawn() -> None:
    manners = Manners(7, Settings({"too_many": 0.5, "leak": 0.5}))
    names = {turn.manner for n in range(200) if (turn := manners.draw(f"{n}", ["leak"]))}
    assert names == {"leak"}


@given(
    rate=st.floats(0, 0.1),
    seed=st.integers(0, 1000),
    requests=st.lists(st.sampled_from("abc"), max_size=60),
)
def test_no_request_is_spoilt_three_times_in_a_row(rate: float, seed: int, requests: list[str]) -> None:
    manners = Manners(seed, Settings({"all": rate}))
    shown = [(request, manners.draw(request, MANNERS)) for request in requests]
    for request in "abc":
        row = [turn is not None for asked, turn in shown if asked == request]
        longest = max((len(list(group)) for spoilt, group in itertools.groupby(row) if spoilt), default=0)
        assert longest <= 2


@pytest.mark.parametrize("rates", [{"rude": 0.1}, {"cut": -0.1}, {"cut": 0.6, "slow": 0.5}, {"cut": float("nan")}])
def test_rates_that_make_no_sense_are_refused(rates: dict[str, float]) -> None:
    with pytest.raises(BadManners):
        Settings(rates)


def test_rates_are_read_from_the_command_line() -> None:
    assert read_rates("cut=0.02, slow=.5,") == {"cut": 0.02, "slow": 0.5}
    assert read_rates("") == {}
    with pytest.raises(BadManners, match="cut"):
        read_rates("cut")


def test_short_pages_are_asked_for_among_the_rates() -> None:
    assert read_settings("all=0.01,page_size=20") == Settings({"all": 0.01}, page_size=20)
    assert read_settings("").page_size == 100
    with pytest.raises(BadManners, match="page_size"):
        read_settings("page_size=0")


def test_hanging_comes_with_any_manner_unless_said_otherwise() -> None:
    assert not Settings().hangs
    assert Settings({"cut": 0.1}).hangs and Settings(hang=True).hangs
    assert not Settings({"cut": 0.1}, hang=False).hangs


def test_the_gauge_counts_within_any_second_and_at_once() -> None:
    moments = iter((0.0, 0.2, 0.9, 1.0, 1.1, 5.0, 6.5, 6.5, 6.5))
    gauge = Gauge(lambda: next(moments))
    for _ in range(6):
        with gauge.call("shop"):
            pass
    with gauge.call("shop"), gauge.call("shop"), gauge.call("other"):
        pass
    report = gauge.report()
    assert report["calls"] == 9
    assert report["max_calls_in_any_second"] == {"shop": 4, "other": 1}
    assert report["peak_concurrency"] == {"shop": 2, "other": 1}
    gauge.reset()
    assert gauge.report() == {"calls": 0, "peak_concurrency": {}, "max_calls_in_any_second": {}}


# --- spoilt lists


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    world = write_world()
    return Session(world, tmp_path_factory.mktemp("sandbox"), world.span.start_of_life)


@pytest.fixture
def client(session: Session) -> Iterator[TestClient]:
    with TestClient(application(session, Mailbox(session.folder / "mailbox")), headers=AGENT) as client:
        yield client


def misbehave(client: TestClient, **rates: float) -> None:
    client.post("/control/manners/reset")
    client.put("/control/manners", json={"rates": rates}).raise_for_status()


def done(client: TestClient) -> dict[str, int]:
    return {name: count for name, count in client.get("/control/manners").json()["done"].items() if count}


def listed(client: TestClient, session: Session, page: int = 0, days: float = 10, until: float = 0) -> Any:
    now = session.life.now
    query = {
        "page[number]": page,
        "page[size]": 10,
        f"{CREATED}[$ge]": int((now - days * DAY).timestamp() * 1000),
        f"{CREATED}[$le]": int((now - until * DAY).timestamp() * 1000),
        "filter[orders][state]": "ARCHIVE",
        "include[orders]": "entries",
    }
    token = {"X-Auth-Token": session.world.merchants["almaty_tech"].token}
    answer = client.get("/shop/api/v2/orders", params=query, headers={**token, **JSON_API})
    answer.raise_for_status()
    return answer.json()


def test_a_leak_adds_an_order_of_the_merchant_from_before_the_window(client: TestClient, session: Session) -> None:
    good = listed(client, session)
    misbehave(client, leak=1)
    bad = listed(client, session)
    assert bad["meta"] == good["meta"] and bad["data"][:-1] == good["data"]
    stray = bad["data"][-1]
    order = session.life.orders[decode(stray["id"])]
    assert order.merchant_id == "almaty_tech" and order.created_at < session.life.now - 10 * DAY
    assert stray["attributes"]["state"] == "ARCHIVE"
    lines = {item["id"] for item in bad["included"]}
    assert {line["id"] for line in stray["relationships"]["entries"]["data"]} <= lines
    assert done(client) == {"leak": 1}


def test_short_pages_hold_the_same_list(client: TestClient, session: Session) -> None:
    good = [one for page in range(4) for one in listed(client, session, page)["data"]]
    client.put("/control/manners", json={"page_size": 4}).raise_for_status()
    short = [listed(client, session, page) for page in range(10)]
    assert [len(page["data"]) for page in short][:2] == [4, 4]
    assert [one for page in short for one in page["data"]] == good[:40] and len(good) > 10
    assert short[0]["meta"]["pageCount"] == -(-short[0]["meta"]["totalCount"] // 4)


def test_where_nothing_can_leak_the_answer_is_good(client: TestClient, session: Session) -> None:
    everything = (session.life.now - session.world.span.begin) / DAY
    good = listed(client, session, days=everything + 1, until=everything - 5)
    misbehave(client, leak=1)
    assert listed(client, session, days=everything + 1, until=everything - 5) == good and good["data"]
    assert done(client) == {}


def test_a_later_page_may_be_the_one_before_it(client: TestClient, session: Session) -> None:
    good = [listed(client, session, page) for page in range(3)]
    misbehave(client, duplicate=1)
    bad = [listed(client, session, page) for page in range(3)]
    assert [page["meta"] for page in bad] == [page["meta"] for page in good]
    assert [page["data"] for page in bad] == [good[0]["data"], good[0]["data"], good[1]["data"]]
    assert done(client) == {"duplicate": 2}


def test_the_counts_of_a_list_differ_by_one_in_both_directions(client: TestClient, session: Session) -> None:
    good = listed(client, session)
    misbehave(client, page_count=1)
    off = set()
    for days in range(1, 13):
        truth = len([o for o in orders_of(session, days) if o.step_at(session.life.now).state == "ARCHIVE"])
        meta = listed(client, session, days=days)["meta"]
        by = meta["totalCount"] - truth
        assert meta["pageCount"] - -(-truth // 10) == by
        off.add(by)
    assert off == {1, -1}
    assert listed(client, session)["data"] == good["data"]


def orders_of(session: Session, days: float) -> list[Any]:
    now = session.life.now
    orders = session.life.orders.values()
    return [o for o in orders if o.merchant_id == "almaty_tech" and now - days * DAY <= o.created_at <= now]


# --- on the wire


class Wire:
    """A sandbox process, asked by a plain client that shows what really came."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.control = SandboxControl(url)
        self.token = self.control.world()["merchants"][0]["token"]
        self.counter = itertools.count()

    def path(self, name: str = "cities") -> str:
        return f"/shop/api/v2/{name}?{urlencode({'n': next(self.counter)})}"

    def ask(self, path: str, agent: str | None = AGENT["User-Agent"], timeout: float = 10) -> Any:
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
        headers = {"X-Auth-Token": self.token, **JSON_API, **({"User-Agent": agent} if agent is not None else {})}
        with contextlib.closing(connection):
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer, answer.read()


@contextlib.contextmanager
def running(folder: Path, *options: str) -> Iterator[tuple[dict[str, Any], subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "include.sandbox", "--state-dir", str(folder), *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline()), process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    with running(tmp_path_factory.mktemp("wire")) as (ready, _):
        yield Wire(ready["url"])


@pytest.fixture
def wire(process: Wire) -> Wire:
    process.control.misbehave({})
    process.control.forget_calls()
    return process


def too_many(answer: http.client.HTTPResponse, body: bytes) -> bool:
    return answer.status == 429 and answer.headers["Retry-After"] == "1"


def too_many_silent(answer: http.client.HTTPResponse, body: bytes) -> bool:
    return answer.status == 429 and "Retry-After" not in answer.headers


def html_of(status: int) -> Callable[[http.client.HTTPResponse, bytes], bool]:
    def look(answer: http.client.HTTPResponse, body: bytes) -> bool:
        return answer.status == status and "text/html" in answer.headers["Content-Type"] and b"<html" in body

    return look


def empty(answer: http.client.HTTPResponse, body: bytes) -> bool:
    return answer.status == 200 and body == b""


@pytest.mark.parametrize(
    ("manner", "looks_bad"),
    [
        ("too_many", too_many),
        ("too_many_silent", too_many_silent),
        ("bad_gateway", html_of(502)),
        ("html", html_of(200)),
        ("empty", empty),
    ],
)
def test_an_answer_is_spoilt_twice_and_then_good(
    wire: Wire, manner: str, looks_bad: Callable[[http.client.HTTPResponse, bytes], bool]
) -> None:
    wire.control.misbehave({manner: 1})
    path = wire.path()
    bad = [looks_bad(*wire.ask(path)) for _ in range(6)]
    assert bad == [True, True, False] * 2
    answer, body = wire.ask(path.replace("n=", "m="))
    assert looks_bad(answer, body)
    shown = wire.control.manners()
    assert shown["done"][manner] == 5 and shown["calls"] == 7


def test_a_cut_answer_ends_before_its_length(wire: Wire) -> None:
    path = wire.path()
    _, whole = wire.ask(path)
    wire.control.misbehave({"cut": 1})
    for _ in range(2):
        with pytest.raises(http.client.IncompleteRead) as cut:
            wire.ask(path)
        assert cut.value.partial == whole[: len(whole) // 2]
        assert len(cut.value.partial) + (cut.value.expected or 0) == len(whole)
    assert wire.ask(path)[1] == whole


def test_requests_notices_a_cut_answer(wire: Wire) -> None:
    wire.control.misbehave({"cut": 1})
    headers = {"X-Auth-Token": wire.token, **JSON_API, **AGENT}
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        requests.get(wire.url + wire.path(), headers=headers, timeout=5)


def test_a_slow_answer_dribbles_longer_than_asked_and_is_whole(wire: Wire) -> None:
    path = wire.path()
    _, whole = wire.ask(path)
    wire.control.misbehave({"slow": 1}, slow_seconds=1.2)
    begun = time.monotonic()
    answer, body = wire.ask(path, timeout=0.6)  # no single pause is long: a read timeout does not see it
    assert time.monotonic() - begun > 1.2
    assert answer.status == 200 and body == whole
    others: list[float] = []
    slow = threading.Thread(target=wire.ask, args=(path,))
    slow.start()
    for _ in range(5):
        begun = time.monotonic()
        assert wire.control.is_up()
        others.append(time.monotonic() - begun)
    slow.join()
    assert max(others) < 1


@pytest.mark.parametrize("manner", ["bad_gateway", "html"])
def test_a_broken_page_shows_a_buyer_and_the_control_says_whom(wire: Wire, manner: str) -> None:
    wire.control.misbehave({manner: 1})
    text = wire.ask(wire.path())[1].decode()
    (buyer,) = wire.control.manners()["buyers_shown"]
    assert buyer["name"] in text and buyer["phone"] in text and len(buyer["name"].split()) == 2


@pytest.mark.parametrize("agent", [None, "", "python-requests/2.32", "Python-urllib/3.11", "curl/8.5.0"])
def test_a_caller_without_a_name_waits_in_vain(wire: Wire, agent: str | None) -> None:
    assert wire.ask(wire.path(), agent)[0].status == 200
    wire.control.misbehave({}, hang=True)
    with pytest.raises(TimeoutError):
        wire.ask(wire.path(), agent, timeout=0.3)
    assert wire.ask(wire.path())[0].status == 200
    wire.control.misbehave({"leak": 0.01}, hang=False)
    assert wire.ask(wire.path(), agent)[0].status == 200
    assert wire.control.manners()["done"]["hang"] == 1


def test_many_who_hang_keep_nobody_else_waiting(wire: Wire) -> None:
    wire.control.misbehave({"leak": 0.01})
    parts = urlsplit(wire.url)
    hanging = [socket.create_connection((parts.hostname, parts.port)) for _ in range(80)]
    try:
        for one in hanging:
            one.sendall(f"GET {wire.path()} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        deadline = time.monotonic() + 5
        while wire.control.manners()["done"]["hang"] < len(hanging) and time.monotonic() < deadline:
            time.sleep(0.02)
        begun = time.monotonic()
        assert wire.ask(wire.path())[0].status == 200
        assert wire.control.truth()["world"]
        assert time.monotonic() - begun < 3
        assert wire.control.manners()["peak_concurrency"]["unknown"] == 80
        for one in hanging:
            one.settimeout(0.001)
            with pytest.raises(TimeoutError):
                one.recv(1)
    finally:
        for one in hanging:
            one.close()


def test_only_the_shop_api_has_manners(wire: Wire) -> None:
    wire.control.misbehave({"too_many": 0.5, "cut": 0.5}, hang=True)
    for path in ("/control/clock", "/files/sary_kids/base.xml", "/files/sary_kids/applications.csv", "/mailbox"):
        assert [wire.ask(path, "curl/8")[0].status for _ in range(4)] == [200] * 4
    assert wire.ask("/wms/w1/events", "curl/8")[0].status == 401
    assert wire.control.manners()["calls"] == 0


def test_the_control_says_what_is_in_force_and_refuses_nonsense(wire: Wire) -> None:
    told = wire.control.misbehave({"all": 0.02, "cut": 0.05}, slow_seconds=7)
    assert told["rates"] == {name: 0.05 if name == "cut" else 0.02 for name in MANNERS}
    assert (told["slow_seconds"], told["hang"]) == (7, True)
    assert wire.control.manners()["rates"] == told["rates"]
    for wrong in ({"rates": {"rude": 1}}, {"rates": {"cut": 2}}, {"slow_seconds": 0}, {"speed": 1}):
        assert requests.put(f"{wire.url}/control/manners", json=wrong, timeout=5).status_code == 422
    assert wire.control.manners()["rates"] == told["rates"]
    again = wire.control.misbehave({})
    assert not any(again["rates"].values()) and (again["slow_seconds"], again["hang"]) == (3, False)


def test_calls_at_once_and_calls_in_a_second_are_seen(wire: Wire) -> None:
    wire.control.misbehave({"slow": 1}, slow_seconds=0.5)
    callers = [threading.Thread(target=wire.ask, args=(wire.path(),)) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    shown = wire.control.manners()
    assert shown["calls"] == 3
    assert shown["peak_concurrency"] == shown["max_calls_in_any_second"] == {"almaty_tech": 3}
    wire.control.forget_calls()
    assert wire.control.manners()["calls"] == 0


def test_manners_from_the_command_line_and_leaving_while_somebody_hangs(tmp_path: Path) -> None:
    with running(tmp_path, "--manners", "too_many=0.4,cut=0.6") as (ready, process):
        wire = Wire(ready["url"])
        assert wire.control.manners()["rates"]["cut"] == 0.6
        outcomes = Counter(_outcome(wire) for _ in range(30))
        assert set(outcomes) == {"429", "cut"}
        parts = urlsplit(wire.url)
        with socket.create_connection((parts.hostname, parts.port)) as hanging:
            hanging.sendall(f"GET {wire.path()} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            while not wire.control.manners()["done"]["hang"]:
                time.sleep(0.02)
            process.terminate()
            assert process.wait(12) == 0
        assert process.stderr is not None
        assert "without completing" not in process.stderr.read()


def _outcome(wire: Wire) -> str:
    try:
        return str(wire.ask(wire.path())[0].status)
    except http.client.IncompleteRead:
        return "cut"


def test_wrong_manners_on_the_command_line_are_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "include.sandbox", "--state-dir", str(tmp_path), "--manners", "rude=1"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 2 and "no manner rude" in ended.stderr
