"""The pages of differences: who sees which, that every number leads to its units, that a reason has a name."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from fastapi.testclient import TestClient

from include.console.differences import _piece
from tests.console.surroundings import User, client_of
from tests.console.test_claims import PEOPLE
from tests.db.receipts_world import Fixed, ReceiptsWorld

NOW = 16.5


@pytest.fixture(scope="module")
def world(new_warehouse: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> ReceiptsWorld:
    """On day 16: two overdue, one of them of another shop; one unexpected, one in time and told late."""
    here = ReceiptsWorld(new_warehouse(), tmp_path_factory.mktemp("drop"))
    here.set_up("shop", "other")
    here.order("700", merchant="shop")
    here.order("701", merchant="shop")
    here.order("702", merchant="other")
    here.receipts(15, here.scan("<b>L1", 14, merchant="shop", sku="AT2"))
    here.receipts(16, here.scan("L2", 12, merchant="shop", order_code="701", sku="AT1"))
    return here


def browser(world: ReceiptsWorld, name: str = "aliya") -> TestClient:
    clock = Fixed(world.day(NOW))
    return client_of(world.dsn, PEOPLE.get(name) or User(name, "viewer"), clock=lambda: clock)


def address(world: ReceiptsWorld, order: str) -> str:
    (row,) = world.query("select discrepancy_id from core.discrepancy where order_code = %s", order)
    return f"/differences/{row['discrepancy_id']}"


def number_behind(page: str, text: str) -> int:
    found = re.search(rf'{text}</span></dt><dd><a href="[^"]*">(\d+)', page)
    assert found, text
    return int(found[1])


def test_the_verdicts_the_cases_and_the_balance_are_shown(world: ReceiptsWorld) -> None:
    page = browser(world).get("/differences?lang=en&merchant=shop").text
    assert number_behind(page, "came as expected") == number_behind(page, "expected, overdue") == 1
    for text in ("2 differences are open", "34,990\xa0₸", "carrier", "2.5\xa0d", "the books close",
                 "&lt;b&gt;L1", "Роутер"):  # fmt: skip
        assert text in page, text
    assert "<b>L1" not in page
    assert not re.search(r"\sstyle=|<style|<script|\son\w+=", page)


def test_every_number_leads_to_its_units(world: ReceiptsWorld) -> None:
    """Each link of a number is followed; the page behind it shows so many pieces."""
    client = browser(world)
    page = client.get("/differences?lang=en&merchant=shop").text
    links = re.findall(r'<a href="(differences/units[^"]*)">([\d,]+)</a>', page)
    assert len(links) >= 6, "of verdicts and of the balance's lines"
    for link, number in links:
        units = client.get("/" + link.replace("&amp;", "&")).text
        assert len(re.findall('<td data-name="piece">', units)) == int(number), link
    for address, kind, count in re.findall(r'href="(differences\?[^"]*kind=(\w+))"[^>]*>[^·]+· (\d+)', page):
        shown = client.get("/" + unescape(address)).text
        assert len(re.findall('<td data-name="piece">', shown)) == int(count), kind


def test_a_past_day_is_shown_as_it_was_known_then(world: ReceiptsWorld) -> None:
    day = world.day(15).date().isoformat()
    page = browser(world).get(f"/differences?lang=en&merchant=shop&as_of={day}&known_on={day}").text
    assert "3 differences are open" in page, "that one was in time was told on the sixteenth"
    assert "As it was known when" in page
    requested = re.search(r'state=requested[^"]*">(\d+)</a>', page)
    assert requested and requested[1] == "2"
    later = browser(world).get(f"/differences?lang=en&merchant=shop&as_of={day}").text
    requested = re.search(r'state=requested[^"]*">(\d+)</a>', later)
    assert requested and requested[1] == "1"
    for nonsense in ("2099-01-01", "yesterday", "0000-00-00"):
        assert browser(world).get(f"/differences?as_of={nonsense}&known_on={nonsense}").status_code == 200


def test_nobody_sees_the_differences_of_a_merchant_that_is_not_his(world: ReceiptsWorld) -> None:
    theirs = address(world, "702")
    for path in ("/differences", "/differences/units?verdict=overdue"):
        assert "702" not in browser(world, "beket").get(path).text
    for path in ("/differences?merchant=other", "/differences/units?merchant=other&verdict=overdue"):
        assert browser(world, "beket").get(path).status_code == 404
    assert "702" in browser(world, "dana").get("/differences").text
    assert browser(world, "beket").get(theirs).status_code == 404
    assert browser(world, "beket").get("/differences/units?merchant=other&state=requested").status_code == 404
    assert browser(world, "dana").get(theirs).status_code == 200
    assert browser(world, "beket").post(theirs, data={"do": "settle", "how": "other", "note": "x"}).status_code == 404
    assert browser(world, "dana").post(address(world, "700"), data={"how": "other", "note": "x"}).status_code == 404
    assert browser(world, "nobody").get("/differences?lang=en").status_code == 403
    assert browser(world).get("/differences/units?verdict=nonsense").status_code == 404


def form(client: TestClient, path: str, **data: str) -> Any:
    page = client.get(f"{path}?lang=en").text
    token = re.search(r'name="token" value="([^"]+)"', page)
    return client.post(path, data={"token": token[1] if token else "", "lang": "en", **data})


def test_a_supervisor_settles_a_difference_in_his_name_and_takes_it_back(world: ReceiptsWorld) -> None:
    client, path = browser(world), address(world, "700")
    refused = form(client, path, do="settle", how="compensated", note="  ")
    assert "Say why" in refused.text
    assert "Choose how it ended" in form(client, path, do="settle", how="nonsense", note="paid").text
    page = form(client, path, do="settle", how="compensated", note="<i>paid</i>").text
    assert "It is written down." in page and "somebody paid for it" in page and "aliya" in page
    assert "<i>paid" not in page and "&lt;i&gt;paid" in page
    assert world.query("select actor, resolution, note from core.discrepancy_event where actor <> 'pipeline'") == [
        {"actor": "aliya", "resolution": "compensated", "note": "<i>paid</i>"}
    ]
    settled = client.get("/differences?lang=en&merchant=shop&show=settled").text
    assert "somebody paid for it" in settled and "it was here in time, told late" in settled
    page = form(client, path, do="reopen", note="another parcel was paid").text
    assert "open again" in page
    (row,) = world.query("select status from core.discrepancy where order_code = '700'")
    assert row["status"] == "open"


@pytest.mark.parametrize("name", ["beket", "vera"])
def test_whoever_may_only_look_sees_no_form_and_changes_nothing(world: ReceiptsWorld, name: str) -> None:
    client, path = browser(world, name), address(world, "700")
    assert "<form" not in client.get(f"{path}?lang=en").text
    assert form(client, path, do="settle", how="other", note="mine").status_code == 403
    (row,) = world.query("select status from core.discrepancy where order_code = '700'")
    assert row["status"] == "open"


@pytest.mark.parametrize(
    ("lang", "word"), [("", "Расхождения"), ("?lang=kk", "Алшақтықтар"), ("?lang=en", "Differences")]
)
def test_it_speaks_russian_first_and_all_three_languages(world: ReceiptsWorld, lang: str, word: str) -> None:
    assert word in browser(world).get(f"/differences{lang}").text


def test_states_are_told_in_words_and_no_code_of_ours_is_shown(world: ReceiptsWorld) -> None:
    client = browser(world)
    links = re.findall(r'href="(differences/(?:units)?[^"]+)"', client.get("/differences?merchant=shop").text)
    assert links
    for link in links:
        page = client.get("/" + link.replace("&amp;", "&")).text
        shown = re.sub(r"<[^>]*>", " ", page)
        assert not re.search(r"\b(requested|received|unexpected|in_transit|qc_passed)\b", shown), link
    assert "принят, не осмотрен" in client.get("/differences?merchant=shop").text


def test_an_offer_is_named_by_its_sku_and_store() -> None:
    row = {"kind": "stock_divergence", "subject": "AT1-R at PP1: price", "unit_label": None, "order_code": None}
    assert _piece(row) == "AT1-R · PP1"
    assert _piece({**row, "kind": "overdue", "order_code": "700"}) == "700"
