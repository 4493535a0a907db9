"""The page of price lists: versions with what changed, and cards of which a person tells, in his name."""

import re
from collections.abc import Callable, Iterator

import pytest

from include.db.connection import connect
from include.flows import restock_sync
from tests.console.surroundings import User, client_of
from tests.db.restock_world import Offer, RestockWorld


def shown(world: RestockWorld, hours: float) -> None:
    """A run without its gate: what is looked at here is the page."""
    run = world.new_run("restock_sync", hours)
    restock_sync.stage(world.dsn, run, world.ports(), f"{run.run_id}/stage#1")
    with connect(world.dsn) as conn:
        conn.execute("update ops.batch set status = 'passed' where status = 'staged'")
    restock_sync.publish(world.dsn, run, f"{run.run_id}/publish#1")


@pytest.fixture
def world(new_warehouse: Callable[[], str]) -> Iterator[RestockWorld]:
    offers = {sku: Offer(sku) for sku in ("A<1>", "B1", *(f"F{n}" for n in range(6)))}
    offers = {sku.replace("<", "&lt;").replace(">", "&gt;"): offer for sku, offer in offers.items()}
    for sku, offer in offers.items():
        offer.sku = sku
    with RestockWorld(new_warehouse(), offers).served() as made:
        made.onboard()
        with connect(made.dsn) as conn:
            conn.execute("update core.merchant set name = 'Almaty <Tech>'")
            conn.execute("update ops.setting set value = 'false' where name = 'resale_sku_auto_link'")
        made.unit("U1", "B1", 1, route="resale", grade="B")
        shown(made, 2)
        for sku in list(made.offers)[4:]:
            del made.offers[sku]
        shown(made, 3)
        yield made


def card(world: RestockWorld) -> str:
    return str(world.one("select state from channel.resale_sku"))


def form(**more: str) -> dict[str, str]:
    return {"whose": "m", "sku": "B1R", "state": "linked", "note": "seen in the cabinet", "lang": "en", **more}


def test_it_shows_what_is_served_what_waits_and_why(world: RestockWorld) -> None:
    page = client_of(world.dsn).get("/lists?lang=en").text
    for text in (
        "Almaty &lt;Tech&gt;", "version 1", "8 offers", "not taken by Kaspi yet", "version 2", "waits for a person",
        "many offers removed", "run approval.m.2", "Removed: 4", "B1R", "waits for its card", "of B1",
    ):  # fmt: skip
        assert text in page, text
    assert "<script" not in page
    assert not re.search(r"\sstyle=|<style|\son\w+=", page)


def test_it_speaks_three_languages(world: RestockWorld) -> None:
    browser = client_of(world.dsn)
    assert "Карточки артикулов ресейла" in browser.get("/lists").text
    assert "Ресейл артикулдарының карточкалары" in browser.get("/lists?lang=kk").text


def test_a_linked_card_lets_its_units_out_and_a_rejected_one_takes_them_off(world: RestockWorld) -> None:
    browser = client_of(world.dsn)
    page = browser.post("/lists/cards", data=form()).text
    assert "It is kept" in page
    shown(world, 4)
    assert "B1R" not in world.shown()  # an abnormal list waits: nothing is raised
    world.offers = {"B1": world.offers["B1"], **{f"F{n}": Offer(f"F{n}") for n in range(6)},
                    "A&lt;1&gt;": Offer("A&lt;1&gt;")}  # fmt: skip
    shown(world, 5)
    assert world.shown()["B1R"] == (1, 9_250)

    assert "It was so already" in browser.post("/lists/cards", data=form()).text
    browser.post("/lists/cards", data=form(state="rejected", note=""))
    shown(world, 6)
    assert "B1R" not in world.shown()
    told = world.query("select was, state, changed_by, note from channel.resale_sku_change order by change_id")
    assert [tuple(row.values()) for row in told] == [
        ("pending_card", "linked", "aliya", "seen in the cabinet"), ("linked", "rejected", "aliya", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("user", "ours", "more", "status"),
    [
        (User("beket", "viewer"), True, {}, 403),
        (User("dana", "supervisor", "other"), True, {}, 403),
        (User(), False, {}, 403),
        (User(), True, {"whose": "nobody"}, 200),
        (User(), True, {"sku": "'; drop table x"}, 200),
        (User(), True, {"state": "sold"}, 200),
    ],
)
def test_who_may_not_and_what_there_is_not_changes_nothing(
    world: RestockWorld, user: User, ours: bool, more: dict[str, str], status: int
) -> None:
    answer = client_of(world.dsn, user, ours=ours).post("/lists/cards", data=form(**more))
    assert answer.status_code == status
    assert card(world) == "pending_card"
    assert world.query("select * from channel.resale_sku_change") == []


def test_what_was_told_cannot_be_changed(world: RestockWorld) -> None:
    import psycopg

    client_of(world.dsn).post("/lists/cards", data=form())
    for statement in ("update channel.resale_sku_change set changed_by = 'x'", "delete from channel.resale_sku_change"):
        with connect(world.dsn) as conn, pytest.raises(psycopg.Error):
            conn.execute(statement.encode())
