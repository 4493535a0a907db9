"""The pages of the daily comparison and of writes to Kaspi: who sees which, that every number leads on, two steps."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi.testclient import TestClient

from include.db.connection import connect
from include.flows import kaspi_writes
from tests.console.surroundings import User, app_of
from tests.db.restock_world import Offer, RestockWorld, at
from tests.db.test_kaspi_writes import Clock, Shop, order, piece

OTHER = """
insert into core.merchant (merchant_id, name, connection_id, base_list_connection_id)
values ('other', 'Other Shop', 'c', 'b');
insert into mart.offer_sync (merchant_id, store_id, offer_sku, desired_qty, published_qty, compared_at)
values ('other', 'PP1', 'SECRET', 1, 1, '2026-11-14')
"""
STAFF = {
    "aliya": User("aliya", "supervisor"),
    "beket": User("beket", "viewer", "m"),
    "dana": User("dana", "supervisor", "other"),
}


@dataclass
class Console:
    """A console over a compared warehouse, and a shop that takes writes."""

    world: RestockWorld
    shop: Shop = field(default_factory=Shop)

    def browser(self, name: str = "aliya") -> TestClient:
        app = app_of(
            self.world.dsn,
            STAFF.get(name, User(name, None)),
            clock=lambda: Clock(at(4)),
            writes_of=lambda _: kaspi_writes.writes_to(self.world.dsn, self.settings()),
        )
        return TestClient(app, headers={"sec-fetch-site": "same-origin"})

    def settings(self) -> Any:
        from include.kaspi.shop_api import ShopSettings

        return ShopSettings("m", self.shop.url, "token", requests_per_second=500)


@pytest.fixture(scope="module")
def console(new_warehouse: Callable[[], str]) -> Iterator[Console]:
    """One resale unit too few is seen, one unit waits, one offer agrees; an order of m comes back."""
    offers = {"A1": Offer("A1"), "C1": Offer("C1", count=None)}
    with RestockWorld(new_warehouse(), offers).served() as world, Shop().served() as shop:
        world.onboard()
        world.unit("U1", "A1", 1, route="resale", grade="B")
        world.unit("=U2", "A1", 1, route="resale", grade="B")
        world.unit("U3", "A1", 1)
        world.unit("U4", "C1", 1)
        world.restock(2)
        world.fetched(2.3)
        world.order("o1", "A1R", 2.5)
        world.restock(3)
        world.seen = [
            {"sku": "A1", "store_id": "PP1", "on_sale": True, "price": 10_000, "quantity": 6},
            {"sku": "A1R", "store_id": "PP1", "on_sale": True, "price": 9_250, "quantity": 0},
        ]
        world.reconcile(3.5)
        with connect(world.dsn) as conn:
            for statement in OTHER.split(";"):
                conn.execute(statement.encode())
            order(conn, "m", "back", "700001", "CANCELLING")
            piece(conn, "m", "back")
        yield Console(world, shop)


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))


@pytest.mark.parametrize("language", ["ru", "kk", "en"])
def test_the_page_shows_causes_money_and_ways_to_each_number(console: Console, language: str) -> None:
    page = console.browser().get(f"/stock?lang={language}")
    assert page.status_code == 200
    for link in ("#units", "#versions", "#orders", "#counts"):
        assert f"shop=m&amp;store=PP1&amp;sku=A1R{link}" in page.text
    assert "cause=buyers_see_fewer" in page.text
    assert "cause=waiting" in page.text
    assert ">A1<" not in page.text, "it agrees"
    assert ">A1<" in console.browser().get(f"/stock?lang={language}&show=all").text
    assert "C1" not in console.browser().get(f"/stock?lang={language}&cause=buyers_see_fewer").text


def test_each_merchant_sees_his_own_only(console: Console) -> None:
    everything = console.browser().get("/stock?lang=en&show=all").text
    assert "SECRET" in everything
    beket = console.browser("beket")
    assert "SECRET" not in beket.get("/stock?lang=en&show=all").text
    assert "SECRET" not in beket.get("/stock?lang=en&show=all&merchant=other").text
    assert "SECRET" not in beket.get("/stock.csv?show=all&merchant=other").text
    dana = console.browser("dana")
    for address in ("/stock/offer", "/stock/units.csv"):
        assert dana.get(f"{address}?shop=m&store=PP1&sku=A1R").status_code == 404
    assert "A1R" not in dana.get("/stock?lang=en&show=all").text
    nobody = console.browser("nobody").get("/stock?lang=en")
    assert "You have no role at any merchant" in nobody.text
    assert console.browser().get("/stock/offer?shop=m&store=PP1&sku=NONE").status_code == 404


def test_a_difference_of_an_offer_leads_to_the_offer(console: Console) -> None:
    with connect(console.world.dsn) as conn:
        row = conn.execute(
            "select discrepancy_id from core.discrepancy "
            "where kind = 'stock_divergence' and subject like 'A1R at PP1: %'"
        ).fetchone()
    assert row is not None
    page = console.browser("beket").get(f"/differences/{row['discrepancy_id']}?lang=en").text
    link = "stock/offer?lang=en&amp;shop=m&amp;store=PP1&amp;sku=A1R"
    assert f'href="../{link}"' in page
    assert console.browser("beket").get("/" + link.replace("&amp;", "&")).status_code == 200


@pytest.mark.parametrize("language", ["ru", "kk", "en"])
def test_an_offer_shows_its_units_lists_orders_and_looks(console: Console, language: str) -> None:
    page = console.browser("beket").get(f"/stock/offer?lang={language}&shop=m&store=PP1&sku=A1R").text
    assert "U1" in page
    assert "o1" in page
    assert page.count("9,250" if language == "en" else "9\u00a0250") >= 2
    assert 'id="counts"' in page


def test_a_file_that_does_not_hold_everything_says_so(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("include.console.stock.IN_A_FILE", 2)
    offers = rows_of(console.browser().get("/stock.csv?lang=ru&show=all&merchant=m").text)
    assert len(offers) == 4 and offers[3] == ["показано строк: 2 из 3; уточните запрос"]


def test_tables_come_as_files_and_no_cell_is_a_formula(console: Console) -> None:
    offers = rows_of(console.browser().get("/stock.csv?lang=en&show=all&merchant=m").text)
    assert offers[0][:4] == ["merchant", "store", "offer", "product"]
    assert {row[2] for row in offers[1:]} == {"A1", "A1R", "C1"}
    resale = dict(zip(offers[0], next(row for row in offers if row[2] == "A1R"), strict=True))
    assert (resale["should be"], resale["published"], resale["buyers see"]) == ("1", "1", "0")
    assert resale["money at stake"] == "9250"
    answer = console.browser().get("/stock/units.csv?lang=en&shop=m&store=PP1&sku=A1R")
    assert answer.headers["content-type"].startswith("text/csv")
    units = rows_of(answer.text)
    assert {row[0] for row in units[1:]} == {"U1", "'=U2"}
    assert {row[7] for row in units[1:]} == {"o1", ""}


def test_a_comparison_that_was_held_is_said(console: Console) -> None:
    world = console.world
    with connect(world.dsn) as conn:
        from include.flows import batch

        run = world.new_run("restock_reconcile_daily", 3.6)
        batch.open_batch(conn, run, "m")
        batch.failed(conn, run, "m", "the <shop> is away")
    page = console.browser().get("/stock?lang=en").text
    assert "was held back, what is shown is older. the &lt;shop&gt; is away" in page
    with connect(world.dsn) as conn:
        conn.execute("delete from ops.batch where run_id = %s", (run.run_id,))


# --- writes


def test_a_supervisor_asks_confirms_and_reads_what_came_of_it(console: Console) -> None:
    asked = {"shop": "m", "order": "700001", "action": "ARRIVED_BACKWARD", "reason": "it is <here>", "lang": "en"}
    browser = console.browser()
    page = browser.post("/writes", data=asked)
    assert page.status_code == 200
    assert "Try it without sending" in page.text
    assert "it is &lt;here&gt;" in page.text
    address = page.url.path

    wrong = browser.post(address, data={"order": "700002", "lang": "en"})
    assert "The number was another one: nothing was done." in wrong.text
    assert console.shop.posts == []

    done = browser.post(address, data={"order": "700001", "lang": "en"})
    assert "dry run: nothing was sent" in done.text
    assert console.shop.posts == []
    assert "it is &lt;here&gt;" in browser.get("/writes?lang=en").text
    assert "700001" not in console.browser("dana").get("/writes?lang=en").text
    assert console.browser("dana").get(address).status_code == 404


@pytest.mark.parametrize("name", ["beket", "dana", "nobody"])
def test_who_may_not_is_refused(console: Console, name: str) -> None:
    asked = {"shop": "m", "order": "700001", "action": "ARRIVED_BACKWARD", "reason": "here", "lang": "en"}
    browser = console.browser(name)
    assert browser.post("/writes", data=asked).status_code == 403
    asking = browser.get("/writes?lang=en").text
    assert ("Ask for a write" in asking) == (name == "dana"), "she is a supervisor, of another merchant"


def test_what_cannot_be_asked_is_said_in_words(console: Console) -> None:
    asked = {"shop": "m", "order": "999", "action": "ARRIVED_BACKWARD", "reason": "here", "lang": "en"}
    page = console.browser().post("/writes", data=asked)
    assert "There is no order of this number at this merchant." in page.text


def test_another_site_cannot_make_a_browser_write(console: Console) -> None:
    browser = console.browser()
    asked = {"shop": "m", "order": "700001", "action": "ARRIVED_BACKWARD", "reason": "here"}
    answer = browser.post("/writes", data=asked, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
