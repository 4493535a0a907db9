"""The pages of claims: who sees which, what they say, and that a supervisor's step is done in his name."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from include.db.connection import connect
from include.flows import claims
from tests.claim_world import DAY, HOUR, RECEIVED, inspect, photo, picture, prepare, receive, unit
from tests.console.surroundings import User, app_of, client_of

NOW = RECEIVED + DAY
PEOPLE = {
    "aliya": User("aliya"),
    "beket": User("beket", "inspector", "shop"),
    "dana": User("dana", "supervisor", "other"),
    "nobody": User("nobody", None),
}


class Clock:
    def now(self) -> dt.datetime:
        return NOW


def browser(dsn: str, name: str = "aliya") -> TestClient:
    return client_of(dsn, PEOPLE[name], clock=Clock)


@pytest.fixture
def dsn(new_warehouse: Callable[[], str]) -> str:
    address = new_warehouse()
    with connect(address) as conn:
        prepare(conn, "shop", "other")
        for merchant in ("shop", "other"):
            receive(conn, 1, merchant=merchant)
            inspect(conn, 1, RECEIVED + HOUR, merchant=merchant)
        photo(conn, 1, RECEIVED + HOUR)
        receive(conn, 2, note="<b>порвана</b>", same_city=False)
        receive(conn, 3, note=None)
        inspect(conn, 3, RECEIVED + HOUR)
        for merchant in ("shop", "other"):
            claims.refresh_merchant(conn, merchant, NOW)
    return address


def address(n: int, merchant: str = "shop") -> str:
    return f"/claims/{claims.claim_id(unit(n, merchant))}"


def said(dsn: str, n: int = 1) -> dict[str, Any]:
    with connect(dsn) as conn:
        found = claims.one(conn, claims.claim_id(unit(n)))
    assert found is not None
    return found


def test_what_must_be_sent_stands_first_with_what_it_lacks(dsn: str) -> None:
    page = browser(dsn).get("/claims?lang=en&merchant=shop").text
    order = [page.index(f"W1-00000{n}") for n in (1, 2)]
    assert order == sorted(order), "ten days are over before forty-five"
    assert "W1-000003" not in page, "its day is over"
    for text in (
        "ready to send",
        "Take photos of the damage.",
        "Inspect the piece",
        "8.6\xa0d left",
        "30 %",
        "6,000\xa0₸",
    ):
        assert text in page, text
    over = browser(dsn).get("/claims?lang=en&merchant=shop&show=over").text
    assert "W1-000003" in over and "deadline missed" in over
    assert not re.search(r"\sstyle=|<style|<script|\son\w+=", page)


def test_nobody_sees_the_claims_of_a_merchant_that_is_not_his(dsn: str) -> None:
    other = address(1, "other")
    assert "Магазин other" not in browser(dsn, "beket").get("/claims").text
    assert "Магазин other" in browser(dsn, "dana").get("/claims").text
    assert "Магазин shop" not in browser(dsn, "dana").get("/claims?merchant=shop").text
    for path in (other, f"{other}/packet.pdf"):
        assert browser(dsn, "beket").get(path).status_code == 404
        assert browser(dsn, "dana").get(path).status_code == 200
    assert browser(dsn, "dana").post(address(1), data={"do": "sent"}).status_code == 404
    assert said(dsn)["status"] == "ready"
    page = browser(dsn, "nobody").get("/claims?lang=en").text
    assert "You have no role at any merchant" in page and "W1-000001" not in page


def test_a_claim_says_why_it_is_one(dsn: str) -> None:
    page = browser(dsn).get(f"{address(1)}?lang=en").text
    for text in (
        "The inspection found damage done on the way.", "The return act notes damage of the packaging.",
        "From the same city: 10 calendar days", "30 %: one side, or a lost accessory", "вмятина на корпусе",
        "707512345",
        "«Қайнар»", 'loading="lazy"',
    ):  # fmt: skip
        assert text in page, text
    page = browser(dsn).get(f"{address(2)}?lang=en").text
    assert "&lt;b&gt;порвана" in page and "<b>порвана" not in page


@pytest.mark.parametrize(("lang", "word"), [("", "Претензии"), ("?lang=kk", "Шағымдар"), ("?lang=en", "Claims")])
def test_it_speaks_russian_first_and_all_three_languages(dsn: str, lang: str, word: str) -> None:
    assert word in browser(dsn).get(f"/claims{lang}").text


def test_packet_and_photo_are_served_to_who_may_see_the_claim(dsn: str) -> None:
    page = browser(dsn).get(address(1)).text
    answer = browser(dsn, "beket").get(f"{address(1)}/packet.pdf?lang=kk")
    assert answer.headers["content-type"] == "application/pdf" and answer.content.startswith(b"%PDF-")
    assert answer.headers["content-disposition"] == 'attachment; filename="claim-W1-000001.pdf"'
    shown = re.search(rf"{address(1)[1:]}/photos/[0-9a-f-]+", page)
    assert shown is not None
    image = browser(dsn, "beket").get(f"/{shown[0]}")
    assert (image.content, image.headers["content-type"]) == (picture(), "image/jpeg")
    assert browser(dsn, "beket").get(f"{address(2)}/photos/{shown[0].rsplit('/')[-1]}").status_code == 404
    assert browser(dsn).get(f"/claims/{UUID(int=0)}").status_code == 404
    assert browser(dsn).get("/claims/nonsense").status_code == 422


def test_a_supervisor_says_what_became_of_it_in_his_name(dsn: str) -> None:
    client = browser(dsn)
    assert "It was sent to Kaspi" in client.get(f"{address(1)}?lang=en").text
    page = client.post(address(1), data={"do": "sent", "lang": "en", "at": "2026-11-02T18:30", "note": "by the form"})
    assert page.status_code == 200 and "It is written down." in page.text
    assert "Kaspi has accepted it" in page.text
    client.post(address(1), data={"do": "accepted", "money": "6 000", "lang": "en"})
    client.post(address(1), data={"do": "paid", "money": "5900", "lang": "en"})
    found = said(dsn)
    assert (found["status"], found["accepted_amount"], found["paid_amount"]) == ("paid", 6_000, 5_900)
    assert found["sent_at"] == dt.datetime(2026, 11, 2, 13, 30, tzinfo=dt.UTC)
    assert {one["actor"] for one in found["history"][1:]} == {"aliya"}
    assert "5,900\xa0₸" in client.get("/claims?lang=en&show=over").text


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"do": "accepted", "money": "1"}, "The claim is in another state by now"),
        ({"do": "nonsense"}, "The claim is in another state by now"),
        ({"do": "sent", "at": "2026-11-05T10:00"}, "must lie between the receipt and now"),
        ({"do": "sent", "at": "yesterday"}, "must lie between the receipt and now"),
        ({"do": "sent", "money": "12,5"}, "as a whole number"),
    ],
)
def test_what_cannot_be_is_said_on_the_page(dsn: str, form: dict[str, str], words: str) -> None:
    page = browser(dsn).post(address(1), data={**form, "lang": "en"}).text
    assert words in page
    assert said(dsn)["status"] == "ready"


def test_nobody_else_changes_anything(dsn: str) -> None:
    """An inspector is no supervisor."""
    client = browser(dsn, "beket")
    assert "<form" not in client.get(f"{address(1)}?lang=en").text
    assert client.post(address(1), data={"do": "sent", "lang": "en"}).status_code == 403
    assert said(dsn)["status"] == "ready"


def test_another_site_changes_nothing(dsn: str) -> None:
    client = TestClient(app_of(dsn, User(), clock=Clock), headers={"sec-fetch-site": "cross-site"})
    assert client.post(address(1), data={"do": "sent"}).status_code == 403
    assert said(dsn)["status"] == "ready"


def test_who_is_to_look_again_sees_no_claim_before_he_has_looked(dsn: str) -> None:
    with connect(dsn) as conn:
        conn.execute(
            "insert into core.second_look (inspection_id, unit_id, merchant_id, warehouse, drawn_at, first_actor) "
            "select event_id, unit_id, merchant_id, 'W1', recorded_at, actor from ledger.unit_event "
            "where type = 'inspected' and unit_id = %s",
            (unit(1),),
        )
        (picture_,) = conn.execute("select photo_id from core.photo where unit_id = %s", (unit(1),)).fetchall()
    paths = [address(1), f"{address(1)}/packet.pdf", f"{address(1)}/photos/{picture_['photo_id']}"]
    for path in paths:
        assert browser(dsn, "beket").get(path).status_code == 404, path
        assert browser(dsn).get(path).status_code == 200, "a supervisor sees it"
    assert "W1-000001" not in browser(dsn, "beket").get("/claims?merchant=shop").text
    assert "W1-000002" in browser(dsn, "beket").get("/claims?merchant=shop").text
