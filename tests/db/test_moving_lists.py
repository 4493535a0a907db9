"""Lists that move while they are paged: what is inserted, moved or stated anew between two calls is not lost."""

import datetime as dt
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.clock import Clock
from include.db.connection import connect
from include.flows import kaspi_returns_ingest, onboarding
from include.flows.run import open_run
from include.kaspi import shop_api
from include.kaspi.shop_api import ShopSettings
from include.kaspi.states import STATES

NOW = dt.datetime(2026, 11, 2, 6, tzinfo=dt.UTC)
SPAN = (NOW - dt.timedelta(days=5), NOW - dt.timedelta(days=1))
PAGE = 3


class Fixed:
    def now(self) -> dt.datetime:
        return NOW


@dataclass
class MovingShop:
    """A shop whose orders change their state after the requests that a script names."""

    states: dict[str, str] = field(default_factory=dict)
    script: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    newest_first: bool = False
    restated: dict[int, list[tuple[str, str]]] = field(default_factory=dict)  # another status, in the same folder
    while_counting: dict[int, tuple[str, str]] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    pages_asked: int = 0
    counts_asked: int = 0

    def answer(self, query: dict[str, list[str]]) -> dict[str, Any]:
        if "filter[orders][code]" in query:
            code = query["filter[orders][code]"][0]
            return {"data": [self._order(code)] if code in self.states else []}
        state, size = query["filter[orders][state]"][0], int(query["page[size]"][0])
        number = int(query["page[number]"][0])
        mine = sorted((one for one, at in self.states.items() if at == state), reverse=self.newest_first)
        shown = mine[number * size : (number + 1) * size]
        document = {
            "data": [self._order(code) for code in shown],
            "included": [_line(code, self._status(code)) for code in shown],
            "meta": {"pageCount": -(-len(mine) // size), "totalCount": len(mine)},
        }
        if size != 1:
            for code, moved_to in self.script.get(self.pages_asked, ()):
                self.states[code] = moved_to
            self.statuses.update(self.restated.get(self.pages_asked, ()))
            self.pages_asked += 1
        else:
            if self.counts_asked in self.while_counting:
                code, moved_to = self.while_counting[self.counts_asked]
                self.states[code] = moved_to
            self.counts_asked += 1
        return document

    def _status(self, code: str) -> str:
        return self.statuses.get(code, f"IN_{self.states[code]}")

    def _order(self, code: str) -> dict[str, Any]:
        created = SPAN[0] + dt.timedelta(minutes=int(code[-4:]))  # all of them inside the span
        return {
            "id": f"id-{code}", "type": "orders",
            "attributes": {
                "code": code, "state": self.states[code], "status": self._status(code), "totalPrice": 10.0,
                "creationDate": int(created.timestamp() * 1000),
            },
            "relationships": {"entries": {"data": [{"type": "orderentries", "id": f"line-{code}"}]}},
        }  # fmt: skip


def _line(code: str, status: str = "") -> dict[str, Any]:
    """Return the order's line; a status that ends with a number has so many pieces."""
    quantity = int(status[-1]) if status[-1:].isdigit() else 1
    attributes = {
        "entryNumber": 0,
        "quantity": quantity,
        "basePrice": 10.0,
        "totalPrice": 10.0,
        "offer": {"code": "LAMP"},
    }
    return {"id": f"line-{code}", "type": "orderentries", "attributes": attributes}


@pytest.fixture(scope="module")
def served() -> Iterator[Callable[[MovingShop], str]]:
    """Serves whichever shop was given last; returns its address."""
    current: list[MovingShop] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            if url.path.endswith("/entries"):
                document: dict[str, Any] = {"data": [_line(url.path.split("/")[-2].removeprefix("id-"))]}
            else:
                document = current[-1].answer(parse_qs(url.query))
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()

    def serve(shop: MovingShop) -> str:
        current[:] = [shop]
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def dsn(new_warehouse: Callable[[], str]) -> str:
    return new_warehouse()


_merchants = (f"m{n}" for n in itertools.count())


def add_merchant(dsn: str) -> str:
    name = next(_merchants)
    with connect(dsn) as conn:
        stores = [onboarding.Store("PP1", "W1", base_includes_returns=False, pick_scan=True)]
        onboarding.add_merchant(conn, name, name=name, stores=stores)
    return name


def fetch_once(dsn: str, url: str, merchant_id: str, run_id: str, clock: Clock) -> None:
    with connect(dsn) as conn:
        run = open_run(
            conn, "kaspi_returns_ingest", f"{run_id} {merchant_id}", Fixed(), range_from=SPAN[0], range_to=SPAN[1]
        )
    settings_ = ShopSettings(merchant_id, url, f"token {merchant_id}", requests_per_second=5000)
    kaspi_returns_ingest.fetch(dsn, run, settings_, clock, "o")


def sweep(dsn: str, url: str, merchant_id: str | None = None, run_id: str = "moving") -> tuple[str, set[str]]:
    """Sweep the span once for a merchant (a new one); return him and the codes that were stored."""
    name = merchant_id or add_merchant(dsn)
    fetch_once(dsn, url, name, run_id, Fixed())
    with connect(dsn) as conn:
        rows = conn.execute("select distinct code from raw.stage_order where merchant_id = %s", (name,)).fetchall()
    return name, {row["code"] for row in rows}


def codes(count: int) -> list[str]:
    return [f"7{n:04d}" for n in range(count)]


@st.composite
def moving(draw: st.DrawFn) -> MovingShop:
    there = codes(draw(st.integers(4, 20)))
    states = {code: draw(st.sampled_from(STATES)) for code in there}
    script: dict[int, list[tuple[str, str]]] = {}
    for _ in range(draw(st.integers(1, 6))):
        # an order that was not there before is inserted
        code = draw(st.sampled_from([*there, "75001", "75002"]))
        script.setdefault(draw(st.integers(0, 11)), []).append((code, draw(st.sampled_from(STATES))))
    return MovingShop(states, script, newest_first=draw(st.booleans()))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shop=moving())
def test_nothing_is_lost_from_lists_that_move(
    dsn: str, served: Callable[[MovingShop], str], monkeypatch: pytest.MonkeyPatch, shop: MovingShop
) -> None:
    monkeypatch.setattr(shop_api, "PAGE_SIZE", PAGE)
    _, stored = sweep(dsn, served(shop))
    assert stored == set(shop.states)


def test_an_order_that_goes_back_to_a_folder_read_before_is_found(
    dsn: str, served: Callable[[MovingShop], str]
) -> None:
    """It is in the archive while KASPI_DELIVERY is read, and gone from there when the archive is."""
    before_archive = len(STATES) - 1
    shop = MovingShop({"70001": "ARCHIVE", "70002": "ARCHIVE"}, {before_archive - 1: [("70001", "KASPI_DELIVERY")]})
    _, stored = sweep(dsn, served(shop))
    assert stored == {"70001", "70002"}


def test_an_order_that_leaves_the_page_before_does_not_take_its_neighbour_with_it(
    dsn: str, served: Callable[[MovingShop], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The classic of offset paging: one row leaves page 0, and the first of page 1 slips onto it unseen."""
    monkeypatch.setattr(shop_api, "PAGE_SIZE", PAGE)
    first_of_delivery = STATES.index("KASPI_DELIVERY")
    shop = MovingShop(dict.fromkeys(codes(8), "KASPI_DELIVERY"), {first_of_delivery: [("70000", "ARCHIVE")]})
    _, stored = sweep(dsn, served(shop))
    assert stored == set(codes(8))


def test_lists_that_never_stop_moving_are_left_to_the_next_run(
    dsn: str, served: Callable[[MovingShop], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Liar(MovingShop):
        counts = 0

        def answer(self, query: dict[str, list[str]]) -> dict[str, Any]:
            document = super().answer(query)
            if query.get("page[size]") == ["1"]:
                self.counts += 1
                document["meta"]["totalCount"] += self.counts  # always another number, more than there is to see
            return document

    shop = Liar(dict.fromkeys(codes(4), "ARCHIVE"))
    name, stored = sweep(dsn, served(shop))
    assert stored == set(codes(4))
    with connect(dsn) as conn:
        part = conn.execute("select status, detail from ops.batch where merchant_id = %s", (name,)).fetchone()
        windows = conn.execute(
            "select count(*) as n from ops.fetch_window where merchant_id = %s and completed_at is null", (name,)
        ).fetchone()
    assert part and part["status"] == "staged" and "do not add up" in part["detail"]
    assert windows == {"n": len(STATES)}


def test_counts_that_are_wrong_for_ever_do_not_hold_a_shop_up(dsn: str, served: Callable[[MovingShop], str]) -> None:
    """Kaspi may count orders of outside the span: once reading all again shows nothing new, the span is swept."""

    class Generous(MovingShop):
        def answer(self, query: dict[str, list[str]]) -> dict[str, Any]:
            document = super().answer(query)
            if "meta" in document:
                document["meta"]["totalCount"] += 1
            return document

    name, stored = sweep(dsn, served(Generous(dict.fromkeys(codes(4), "ARCHIVE"))))
    assert stored == set(codes(4))
    with connect(dsn) as conn:
        row = conn.execute("select seen, counted, stable from ops.sweep where merchant_id = %s", (name,)).fetchone()
    assert row == {"seen": 4, "counted": 4 + len(STATES), "stable": True}


def test_a_known_order_that_is_on_no_list_is_asked_for_by_its_number(
    dsn: str, served: Callable[[MovingShop], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = MovingShop(dict.fromkeys(codes(3), "ARCHIVE"))
    name, _ = sweep(dsn, served(shop))
    with connect(dsn) as conn:
        run = open_run(conn, "kaspi_returns_ingest", f"moving {name}", Fixed())
        conn.execute("update ops.batch set status = 'passed' where merchant_id = %s", (name,))
    kaspi_returns_ingest.publish(dsn, run, "o")
    # the list forgets it, and counts what it shows; its own path still knows it, in a new state
    shop.states["70001"] = "NOWHERE"
    sweep(dsn, served(shop), name, "again")
    with connect(dsn) as conn:
        rows = conn.execute("select code, state from raw.stage_order where merchant_id = %s", (name,)).fetchall()
    assert rows == [{"code": "70001", "state": "NOWHERE"}]


def test_a_try_that_was_cut_short_fetches_no_stored_page_again(
    dsn: str, served: Callable[[MovingShop], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page by page: what is stored is stored. One page on its way, one read and not stored may be asked for again."""
    monkeypatch.setattr(shop_api, "PAGE_SIZE", PAGE)
    asked: list[str] = []

    class Cut(MovingShop):
        def answer(self, query: dict[str, list[str]]) -> dict[str, Any]:
            asked.append(query["filter[orders][state]"][0] + query["page[number]"][0] + "/" + query["page[size]"][0])
            return super().answer(query)

    class Tired(Fixed):
        left = 9

        def now(self) -> dt.datetime:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt  # as a worker that is killed: nothing is tidied up
            return NOW

    url = served(Cut(dict.fromkeys(codes(30), "KASPI_DELIVERY")))
    name = add_merchant(dsn)
    with pytest.raises(KeyboardInterrupt):
        fetch_once(dsn, url, name, "cut", Tired())
    fetch_once(dsn, url, name, "cut", Fixed())
    pages = [one for one in asked if one.endswith(f"/{PAGE}")]
    assert len(pages) - len(set(pages)) <= 2
    with connect(dsn) as conn:
        rows = conn.execute("select count(*) as n from raw.stage_order where merchant_id = %s", (name,)).fetchone()
    assert rows == {"n": 30}


def publish(dsn: str, name: str, run_id: str) -> None:
    with connect(dsn) as conn:
        run = open_run(conn, "kaspi_returns_ingest", f"{run_id} {name}", Fixed())
        conn.execute(
            "update ops.batch set status = 'passed' where merchant_id = %s and run_id = %s", (name, run.run_id)
        )
    kaspi_returns_ingest.publish(dsn, run, "o")


@pytest.mark.parametrize(
    ("said", "observed"),
    [(["B2"], ["A1", "B2"]), (["B2", "A1"], ["A1", "B2", "A1"]), (["B2", "C3"], ["A1", "B2", "C3"])],
)
def test_the_newest_status_and_lines_are_published_though_an_order_is_seen_more_than_once(
    dsn: str, served: Callable[[MovingShop], str], monkeypatch: pytest.MonkeyPatch, said: list[str], observed: list[str]
) -> None:
    """Stated anew between two pages of its own folder, whose second page shows it again; back to what it was, too."""
    monkeypatch.setattr(shop_api, "PAGE_SIZE", PAGE)
    shop = MovingShop(dict.fromkeys(codes(12), "ARCHIVE"), statuses={"70002": "A1"})
    name, _ = sweep(dsn, served(shop), run_id="first")
    publish(dsn, name, "first")
    # before each page of the archive something enters it in front: the order slips onto the next page, and the next
    shop.pages_asked = 0
    first = STATES.index("ARCHIVE")
    shop.statuses["70002"] = said[0]
    shop.script = {first: [("60001", "ARCHIVE")], first + 1: [(f"6000{n}", "ARCHIVE") for n in range(2, 5)]}
    shop.restated = {first + n: [("70002", status)] for n, status in enumerate(said[1:])}
    sweep(dsn, served(shop), name, "second")
    publish(dsn, name, "second")
    with connect(dsn) as conn:
        placed = conn.execute(
            "select status, quantity from core.customer_order inner join core.order_line using (merchant_id, order_id) "
            "where merchant_id = %s and code = '70002'",
            (name,),
        ).fetchone()
        rows = conn.execute(
            "select status from core.order_observation where merchant_id = %s and order_id = 'id-70002' "
            "order by episode",
            (name,),
        ).fetchall()
    assert placed == {"status": said[-1], "quantity": int(said[-1][-1])}
    assert [row["status"] for row in rows] == observed


def test_a_move_while_the_orders_are_counted_hides_no_order_that_was_missed(
    dsn: str, served: Callable[[MovingShop], str]
) -> None:
    """One goes back to a folder that was read, one back to a folder that was counted: the sum is what was seen."""
    last = len(STATES) - 1
    shop = MovingShop(
        {"70001": "ARCHIVE", "70002": "ARCHIVE", "70003": "ARCHIVE"}, {last - 1: [("70001", "KASPI_DELIVERY")]}
    )
    shop.while_counting = {last - 1: ("70002", STATES[0])}
    _, stored = sweep(dsn, served(shop))
    assert stored == {"70001", "70002", "70003"}
