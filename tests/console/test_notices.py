"""The page of notices: what waits for a person, what he decides, in his name; nobody's address."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from include.db.connection import connect
from include.notify.outbox import queue as queue_mail
from tests.console.surroundings import NOW, User, client_of
from tests.db.notice_world import BUYER, NoticeWorld
from tests.db.test_outbox import note
from tests.gateways import http_gateway


@pytest.fixture
def world(new_warehouse: Callable[[], str]) -> NoticeWorld:
    """One notice of each kind: unknown, dead, sent; a dead mail; a buyer whom nobody can tell."""
    world = NoticeWorld(new_warehouse(), now=NOW)
    with connect(world.dsn) as conn:
        conn.execute("update core.merchant set name = 'Almaty <Tech>' where merchant_id = 'alpha'")
        queue_mail(conn, "owed/alpha/1", "alpha", "owed", note(), NOW)
        conn.execute("update ops.outbox set status = 'dead', attempts = 5, last_error = '550 <no>'")
    for number in (1, 2, 3):
        world.order(number)
        world.arrive(number, 1, 2)
        world.queue()
    with http_gateway(None, 400) as gateway:
        world.by(gateway.port)
        assert world.send(quiet_hours=False)["sent"] == 1
    world.order(4, contact=None)
    world.arrive(4, 1)
    return world


def ids(world: NoticeWorld, status: str) -> list[str]:
    return [str(row["notice_id"]) for row in world.notices() if row["status"] == status]


def one(world: NoticeWorld, statement: str) -> Any:
    (row,) = world.ask(statement)
    return row


def test_what_waits_for_a_person_stands_first_and_says_why(world: NoticeWorld) -> None:
    page = client_of(world.dsn).get("/notices?lang=en").text
    for shown in (
        "Order 700000001</label>: the gateway&#39;s answer was lost",
        "Order 700000002</label>: the gateway answered 400",
        "perhaps sent", "not sent", "2 pieces", "Almaty &lt;Tech&gt;", "wait for a person · 2", "sent · 1",
        "1 return of the last week has no notice", "550 &lt;no&gt;", "what a merchant owes",
        "Ваш возврат по заказу 700000001 поступил: 2 штуки.",
    ):  # fmt: skip
        assert shown in page, shown
    assert "700000003" not in page
    assert "<script" not in page
    assert not re.search(r"\sstyle=|<style|\son\w+=", page)


def test_nobodys_name_and_phone_is_on_it(world: NoticeWorld) -> None:
    for status in ("undecided", "all", "sent"):
        page = client_of(world.dsn).get(f"/notices?status={status}").text
        assert BUYER.name not in page and BUYER.phone not in page


def test_filters_show_what_they_say(world: NoticeWorld) -> None:
    browser = client_of(world.dsn)
    assert "700000003" in browser.get("/notices?status=sent").text
    assert "700000001" not in browser.get("/notices?status=sent").text
    assert "700000003" in browser.get("/notices?status=all").text
    assert "700000001" not in browser.get("/notices?merchant=beta").text
    for strange in ("?status=nonsense", "?merchant=nobody", "?before=0", "?done=<script>", "?status='; drop table x"):
        assert browser.get("/notices" + strange).status_code == 200
    assert browser.get("/notices?before=x").status_code == 422


def test_it_speaks_russian_first_and_all_three_languages(world: NoticeWorld) -> None:
    for address, word in (("/notices", "Покупателям: ваш возврат поступил"), ("/notices?lang=kk", "Сатып алушыларға")):
        page = client_of(world.dsn).get(address).text
        assert word in page and "Buyers" not in page


def test_a_person_decides_in_his_own_name(world: NoticeWorld) -> None:
    browser = client_of(world.dsn, User("beket"))
    unknown, dead = ids(world, "unknown"), ids(world, "dead")
    sent = {"id": [*unknown, *dead], "do": "sent", "lang": "en", "status": "undecided", "merchant": ""}
    assert "1 message counts as sent." in browser.post("/notices/decide", data=sent).text
    again = browser.post("/notices/decide", data={**sent, "do": "again"}).text
    assert "1 message will be sent again." in again and "No notice waits for a person." in again
    rows = world.ask("select action, actor from ops.sending_action order by action_id")
    assert [(row["action"], row["actor"]) for row in rows] == [("sent", "beket"), ("again", "beket")]
    page = browser.get("/notices?lang=en&status=all").text
    assert "declared sent: beket" in page and "sent again: beket" in page


def test_dismissing_needs_a_reason(world: NoticeWorld) -> None:
    browser = client_of(world.dsn)
    sent = {"id": ids(world, "dead"), "do": "dismissed", "lang": "en"}
    assert "Say why the messages are dismissed." in browser.post("/notices/decide", data=sent).text
    assert world.ask("select 1 from ops.sending_action") == []
    assert "1 message is dismissed." in browser.post("/notices/decide", data={**sent, "reason": "called him"}).text
    assert one(world, "select actor, reason from ops.sending_action") == {"actor": "aliya", "reason": "called him"}


def test_a_mail_is_settled_too(world: NoticeWorld) -> None:
    browser = client_of(world.dsn)
    sent = {"key": "owed/alpha/1", "do": "again", "lang": "en"}
    page = browser.post("/notices/mails", data=sent).text
    assert "1 message will be sent again." in page and "No mail waits for a person." in page
    assert one(world, "select status, attempts from ops.outbox") == {"status": "queued", "attempts": 0}


@pytest.mark.parametrize("path", ["/notices/decide", "/notices/mails"])
def test_nothing_chosen_or_nonsense_changes_nothing(world: NoticeWorld, path: str) -> None:
    browser = client_of(world.dsn)
    for data in ({"do": "again"}, {"id": "x", "do": "again"}, {"id": "1", "key": "k", "do": "shred"},
                 {"id": "1; drop table ops.notice", "do": "sent"}):  # fmt: skip
        assert "Nothing was chosen." in browser.post(path, data={**data, "lang": "en"}).text
    assert world.ask("select 1 from ops.sending_action") == []


def test_a_viewer_sees_everything_and_no_button(world: NoticeWorld) -> None:
    page = client_of(world.dsn, User("viewer", "viewer")).get("/notices").text
    assert "700000001" in page
    assert 'method="post"' not in page and 'type="checkbox"' not in page


def test_a_long_list_goes_on_on_the_next_page(world: NoticeWorld) -> None:
    for number in range(10, 90):
        world.order(number)
        world.arrive(number, 1)
    world.queue()
    browser, address, seen = client_of(world.dsn), "/notices?status=queued", set()
    for _ in range(3):
        page = browser.get(address).text
        found = set(re.findall(r"7000000\d\d", page))
        assert not found & seen
        seen |= found
        more = re.search(r'href="(notices\?[^"]*before=[^"]*)"', page)
        if not more:
            break
        address = "/" + more[1].replace("&amp;", "&")
    assert len(seen) == 80
