"""The pages of routes: who sees which, what they say, and that a supervisor's ruling is kept in his name."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from include.db.connection import connect
from include.flows.routes import proposals
from tests.console.surroundings import User, client_of
from tests.db.restock_world import Offer, RestockWorld, at

PEOPLE = {
    "aliya": User("aliya"),
    "beket": User("beket", "inspector", "m"),
    "dana": User("dana", "supervisor", "other"),
}


class Clock:
    def now(self) -> dt.datetime:
        return at(3)


@pytest.fixture
def world(new_warehouse: Callable[[], str]) -> Iterator[RestockWorld]:
    with RestockWorld(new_warehouse(), {"A1": Offer("A1")}).served() as made:
        made.onboard()
        made.restock(0.5)
        yield made


def browser(world: RestockWorld, name: str = "aliya") -> TestClient:
    return client_of(world.dsn, PEOPLE[name], clock=Clock)


def in_qc(world: RestockWorld, label: str, **facts: object) -> UUID:
    unit = world.unit(label, "A1", 1, **facts)  # type: ignore[arg-type]
    with connect(world.dsn) as conn:
        proposals(conn, [unit], at(3))
    return unit


def form_of(page: str) -> str:
    found = re.search(r'name="form" value="([0-9a-f-]{36})"', page)
    assert found is not None
    return found[1]


def test_each_route_shows_its_money_and_why_it_may_not_be_taken(world: RestockWorld) -> None:
    unit = in_qc(world, "<b>U1")
    page = browser(world).get(f"/routes/{unit}?lang=en").text
    for text in (
        "main offer", "10,000\xa0₸", "9,250\xa0₸", "7.5%", "channel fee", "not known", "only right after an inspection",
        "The range holds the expected amount with 80 %", "recovery-1", "not sure enough", "&lt;b&gt;U1",
    ):  # fmt: skip
        assert text in page, text
    assert "<b>U1" not in page and not re.search(r"\sstyle=|<style|<script|\son\w+=", page)
    used = in_qc(world, "U2", used=True, grade="C", route="off_kaspi")
    page = browser(world).get(f"/routes/{used}?lang=en").text
    assert page.count("Kaspi forbids it") == 2
    assert re.findall(r'<option value="(\w+)"', page) == ["off_kaspi"], "nothing that policy forbids can be chosen"


@pytest.mark.parametrize(("lang", "word"), [("", "Маршруты"), ("?lang=kk", "Бағыттар"), ("?lang=en", "Routes")])
def test_it_speaks_russian_first_and_all_three_languages(world: RestockWorld, lang: str, word: str) -> None:
    assert word in browser(world).get(f"/routes{lang}").text


def test_the_list_tells_what_waits_and_what_a_person_decided(world: RestockWorld) -> None:
    unit = in_qc(world, "U1")
    assert "U1" not in browser(world).get("/routes?lang=en").text, "money and the plain rule agree"
    assert "U1" in browser(world).get("/routes?lang=en&show=open").text
    assert "U1" not in browser(world).get("/routes?lang=en&show=ruled").text
    form = {"do": "rule", "route": "resale", "reason": "a scratched box", "form": str(uuid4())}
    assert browser(world).post(f"/routes/{unit}", data=form, follow_redirects=False).status_code == 303
    assert "aliya" in browser(world).get("/routes?lang=en&show=ruled").text


def test_a_supervisor_decides_otherwise_once_and_restock_does_it(world: RestockWorld) -> None:
    unit = in_qc(world, "U1")
    site = browser(world)
    page = site.get(f"/routes/{unit}?lang=en").text
    form = {"do": "rule", "route": "resale", "reason": "a <i>scratched</i> box", "form": form_of(page), "lang": "en"}
    for _ in range(2):
        assert "It is written down." in site.post(f"/routes/{unit}", data=form).text
    assert world.one("select count(*) from channel.route_ruling") == 1
    page = site.get(f"/routes/{unit}?lang=en").text
    assert "a &lt;i&gt;scratched" in page and "Decided by a person" in page
    world.restock(4)
    assert world.shown()["A1R"] == (1, 9_250)
    assert "takes it off sale" in site.get(f"/routes/{unit}?lang=en").text


@pytest.mark.parametrize(
    ("route", "reason", "text"),
    [
        ("main", "nobody will see", "Kaspi forbids it"),
        ("off_kaspi", " ", "A ruling needs its reason."),
        ("moon", "x", "it may not be sold by us"),
    ],
)
def test_what_may_not_be_is_refused_in_words(world: RestockWorld, route: str, reason: str, text: str) -> None:
    unit = in_qc(world, "U1", used=True, grade="C", route="off_kaspi")
    form = {"do": "rule", "route": route, "reason": reason, "form": str(uuid4()), "lang": "en"}
    page = browser(world).post(f"/routes/{unit}", data=form).text
    alert = re.search(r'role="alert">([^<]+)', page)
    assert alert is not None and text in alert[1]
    assert world.one("select count(*) from channel.route_ruling") == 0


def test_only_a_supervisor_decides_and_nobody_sees_what_is_not_his(world: RestockWorld) -> None:
    unit = in_qc(world, "U1")
    form = {"do": "rule", "route": "resale", "reason": "x", "form": str(uuid4())}
    page = browser(world, "beket").get(f"/routes/{unit}").text
    assert "U1" in page and "<form" not in page
    assert browser(world, "beket").post(f"/routes/{unit}", data=form).status_code == 403
    assert browser(world, "beket").post(f"/routes/{unit}", data={"do": "compare"}).status_code == 403
    assert browser(world, "dana").get(f"/routes/{unit}").status_code == 404
    assert browser(world, "dana").post(f"/routes/{unit}", data=form).status_code == 404
    assert browser(world).post(f"/routes/{unit}", data={**form, "form": "no id"}).status_code == 400
    assert browser(world).get(f"/routes/{uuid4()}").status_code == 404
    assert world.one("select count(*) from channel.route_ruling") == 0


def test_a_piece_that_was_never_compared_can_be(world: RestockWorld) -> None:
    unit = world.unit("U1", "A1", 1)
    site = browser(world)
    page = site.get(f"/routes/{unit}?lang=en").text
    assert "have not been compared" in page and 'name="reason"' not in page
    page = site.post(f"/routes/{unit}", data={"do": "compare", "lang": "en"}).text
    assert "recovery-1" in page
    world.restock(4)
    world.fetched(4.1)
    world.restock(4.2)
    world.book(world.event(unit, "resold", at(5), "desk", attribution="scan"))
    page = site.get(f"/routes/{unit}?lang=en").text
    assert "<form" not in page, "its way is over"
