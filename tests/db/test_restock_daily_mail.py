"""The mail about stock: silence when all agrees, one mail a day and finding when not, by a real SMTP server."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from include.db.connection import connect
from include.flows import restock_reconcile_daily
from include.flows.restock_daily_mail import tell_team
from include.flows.run import Run
from include.flows.weekly_mail import MailNotDelivered
from include.locale.stock_labels import CAUSES
from include.notify.outbox import MailServer
from include.notify.stock_mail import Compared, Difference, at_stake, compose
from include.quality.gate import judge
from include.quality.suites.restock_reconcile_daily import SUITE
from include.sandbox.mailbox import Mailbox, serve_smtp
from tests.db.restock_world import Offer, RestockWorld, at
from tests.gateways import closed_port


@pytest.fixture
def world(new_warehouse: Callable[[], str]) -> Iterator[RestockWorld]:
    """Two resale units on sale at hour 2.3, seen at hour 3; the team has an address."""
    with RestockWorld(new_warehouse(), {"A1": Offer("A1")}).served() as made:
        made.onboard()
        made.unit("U1", "A1", 1, route="resale", grade="B")
        made.unit("U2", "A1", 1, route="resale", grade="B")
        made.restock(2)
        made.fetched(2.3)
        made.seen = [
            {"sku": "A1", "store_id": "PP1", "on_sale": True, "price": 10_000, "quantity": 5},
            {"sku": "A1R", "store_id": "PP1", "on_sale": True, "price": 9_250, "quantity": 2},
        ]
        made.restock(3)
        setting(made, "team_email", '"team@example.kz"')
        yield made


def setting(world: RestockWorld, name: str, value: str) -> None:
    with connect(world.dsn) as conn:
        conn.execute(
            "insert into ops.setting (name, value, meaning) values (%s, %s, 'test') "
            "on conflict (name) do update set value = excluded.value",
            (name, value),
        )


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[tuple[Mailbox, MailServer]]:
    box = Mailbox(tmp_path / "mailbox")
    server = serve_smtp(box, 0)
    try:
        yield box, MailServer("127.0.0.1", server.port, "reports@example.kz")
    finally:
        server.stop()


def day(world: RestockWorld, hours: float, server: MailServer | None, run: Run | None = None) -> dict[str, int]:
    """The daily run of an hour, and its mail."""
    run = run or world.new_run("restock_reconcile_daily", hours)
    world.reconcile(hours, run)
    return tell_team(world.dsn, run, server, "tell#0")


def test_silence_when_all_agrees(world: RestockWorld, mailbox: tuple[Mailbox, MailServer]) -> None:
    box, server = mailbox
    assert day(world, 4, server)["written"] == 0
    assert box.mails() == []
    assert world.query("select * from ops.outbox") == []


def test_one_mail_a_day_and_finding(world: RestockWorld, mailbox: tuple[Mailbox, MailServer]) -> None:
    box, server = mailbox
    world.seen[1].update(quantity=0, on_sale=False)
    run = world.new_run("restock_reconcile_daily", 4)
    assert day(world, 4, server, run)["sent"] == 1
    assert day(world, 4, server, run)["written"] == 0  # the task again
    assert day(world, 5, server)["written"] == 0  # another run, the same finding
    world.seen[1].update(quantity=1, on_sale=True)
    assert day(world, 6, server)["written"] == 1  # the same day, and something else
    world.seen[1].update(quantity=0, on_sale=False)
    assert day(world, 28, server)["written"] == 1  # the next day, still so
    world.seen[1].update(quantity=2, on_sale=True)
    assert day(world, 29, server)["written"] == 0
    assert len(box.mails()) == 3

    mail = box.read(1)
    assert mail is not None
    assert (mail["To"], mail["From"]) == ("team@example.kz", "reports@example.kz")
    assert mail["Subject"] == "Qaitarym: Остатки на Kaspi: 1 товар расходится, 18 500 ₸".replace(
        " 500 ₸", "\u00a0500\u00a0₸"
    )
    plain, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None and page is not None
    text = plain.get_content()
    assert "Покупатели видят меньше, чем мы публикуем (2 штуки, " in text
    assert "- A1R (M, PP1): должно быть 2, есть 0, 18\u00a0500\u00a0₸, с " in text
    assert "A1R" in page.get_content()


def test_a_part_that_was_held_is_told(world: RestockWorld, mailbox: tuple[Mailbox, MailServer]) -> None:
    box, server = mailbox
    run = world.new_run("restock_reconcile_daily", 4)
    restock_reconcile_daily.stage(world.dsn, run, world.url, "stage")
    with connect(world.dsn) as conn:
        conn.execute("update mart.stage_offer_sync set desired_qty = 1 where offer_sku = 'A1R'")
    judge(world.dsn, run, SUITE)
    restock_reconcile_daily.publish(world.dsn, run, "publish")

    assert tell_team(world.dsn, run, server, "tell#0")["sent"] == 1

    mail = box.read(1)
    assert mail is not None
    assert "1 магазин не сверен" in str(mail["Subject"])


def test_an_overtaken_run_tells_nothing(world: RestockWorld, mailbox: tuple[Mailbox, MailServer]) -> None:
    box, server = mailbox
    old = world.new_run("restock_reconcile_daily", 4)
    world.seen[1].update(quantity=0, on_sale=False)
    assert day(world, 28, server)["written"] == 1

    assert day(world, 4, server, old)["written"] == 0
    assert len(box.mails()) == 1


def test_without_an_address_or_a_server_it_stands_on_the_console_only(
    world: RestockWorld, mailbox: tuple[Mailbox, MailServer]
) -> None:
    box, server = mailbox
    world.seen[1].update(quantity=0, on_sale=False)
    assert day(world, 4, None) == {"written": 0}
    setting(world, "team_email", '""')
    assert day(world, 5, server)["written"] == 0
    assert box.mails() == []
    assert world.one("select count(*) from mart.offer_difference") == 1


def test_a_mail_that_cannot_be_sent_fails_the_task_and_goes_out_later(
    world: RestockWorld, mailbox: tuple[Mailbox, MailServer]
) -> None:
    box, server = mailbox
    world.seen[1].update(quantity=0, on_sale=False)
    run = world.new_run("restock_reconcile_daily", 4)
    with pytest.raises(MailNotDelivered, match="queued"):
        day(world, 4, MailServer("127.0.0.1", closed_port(), "reports@example.kz"), run)
    assert tell_team(world.dsn, run, server, "tell#1")["sent"] == 1
    assert len(box.mails()) == 1


@pytest.mark.parametrize("language", ["ru", "kk", "en"])
def test_every_cause_is_said_in_every_language(language: str) -> None:
    now = at(4)
    differences = [
        Difference("m", "M", "PP1", f"SKU{n}", cause, 2, 1, n % 3, 1_000 * n, "no price is known for it · odd", now, 7)
        for n, cause in enumerate(CAUSES)
    ] + [
        Difference("m", "M", "PP1", f"MANY{n}", "price", 1_000, 900, 1, 100, None, now, 7) for n in range(40)
    ]  # fmt: skip
    mail = compose(Compared(differences, ["<Held & Co>"], now), "a@example.kz", "b@example.kz", language)
    plain, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None and page is not None
    assert all(f"SKU{n}" in plain.get_content() for n in range(len(CAUSES)))
    assert "&lt;Held &amp; Co&gt;" in page.get_content()
    assert "<Held" not in page.get_content()


def test_the_pieces_of_an_offer_are_at_stake_once() -> None:
    now = dt.datetime(2026, 11, 14, tzinfo=dt.UTC)
    causes = [("waiting", 500), ("published_fewer", 900), ("price", 100)]
    told = [Difference("m", "M", "PP1", "A", cause, 1, 0, 1, money, None, now, 1) for cause, money in causes]
    assert at_stake([*told, Difference("m", "M", "PP2", "A", "waiting", 1, 0, 1, 50, None, now, 1)]) == 950
