"""What merchants are told of decisions and claims: by the clock, once a subject and kind, in one mail."""

import datetime as dt
import email
import email.policy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from include.db.connection import connect
from include.domain.clocks import ALMATY, QuietHours
from include.flows.notices import Outfit, tell, watch
from include.flows.owed import tell_merchants
from include.notify.apprise_channel import channel_of
from include.notify.outbox import MailServer
from include.sandbox.mailbox import Mailbox, serve_smtp
from tests.db.notice_world import DAY, HOUR, NOON, NoticeWorld
from tests.gateways import closed_port, smtp

DUE = dt.datetime(2026, 11, 20, 0, 0, tzinfo=ALMATY)  # NOON is a Monday's


@pytest.fixture
def world(new_warehouse: Callable[[], str]) -> NoticeWorld:
    return NoticeWorld(new_warehouse())


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[tuple[Mailbox, MailServer]]:
    box = Mailbox(tmp_path / "mailbox")
    server = serve_smtp(box, 0)
    try:
        yield box, MailServer("127.0.0.1", server.port, "reports@example.kz")
    finally:
        server.stop()


def clocks(world: NoticeWorld) -> list[tuple[dt.datetime, dt.datetime, dt.datetime | None]]:
    rows = world.ask("select started_at, due_at, settled_at from core.decision_clock order by started_at")
    return [(row["started_at"], row["due_at"], row["settled_at"]) for row in rows]


def kinds(world: NoticeWorld) -> list[str]:
    return [row["kind"] for row in world.ask("select kind from ops.merchant_notice order by found_at, kind")]


def sweep(world: NoticeWorld, now: dt.datetime, server: MailServer | None = None) -> dict[str, int]:
    return tell_merchants(world.dsn, server, "test#1", now)


def change(world: NoticeWorld, statement: str, *params: Any) -> None:
    with connect(world.dsn) as conn:
        assert conn.execute(statement.encode(), params or None).rowcount == 1


# --- the clock of a decision


def test_a_clock_runs_from_the_first_scan_or_from_kaspis_word_if_that_was_earlier(world: NoticeWorld) -> None:
    case_id = world.order(1)
    world.arrive(1, 1, at=NOON)
    world.arrive(1, 2, at=NOON + HOUR)
    sweep(world, NOON + HOUR)
    assert clocks(world) == [(NOON, DUE, None)]
    change(world, "update core.return_case set arrived_at = %s where case_id = %s", NOON - 3 * DAY, case_id)
    sweep(world, NOON + 2 * HOUR)
    assert clocks(world) == [(NOON - 3 * DAY, DUE - DAY, None)], "Friday counts from the weekend's Monday on"


def test_kaspis_word_alone_starts_it(world: NoticeWorld) -> None:
    case_id = world.order(1, status="waiting_decision")
    sweep(world, NOON)
    assert clocks(world) == []
    change(world, "update core.return_case set arrived_at = %s where case_id = %s", NOON, case_id)
    sweep(world, NOON)
    assert clocks(world) == [(NOON, DUE, None)]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("refusal", "received"),
        ("carrier_return", "received"),
        ("customer_return", "decided"),
        ("customer_return", "dispute"),
    ],
)
def test_nobody_owes_a_decision(world: NoticeWorld, kind: str, status: str) -> None:
    world.order(1, kind=kind, status=status)
    world.arrive(1, 1)
    sweep(world, NOON)
    assert clocks(world) == [] and kinds(world) == []


def test_a_decision_settles_it_and_an_unchanged_clock_is_not_written(world: NoticeWorld) -> None:
    case_id = world.order(1)
    world.arrive(1, 1)
    sweep(world, NOON)
    (before,) = world.ask("select xmin::text from core.decision_clock")
    sweep(world, NOON + HOUR)
    assert world.ask("select xmin::text from core.decision_clock") == [before]
    change(world, "update core.return_case set status = 'decided' where case_id = %s", case_id)
    for hours in (2, 3):
        sweep(world, NOON + hours * HOUR)
    assert clocks(world) == [(NOON, DUE, NOON + 2 * HOUR)]
    change(world, "update core.return_case set status = 'waiting_decision' where case_id = %s", case_id)
    sweep(world, NOON + 4 * HOUR)
    assert clocks(world) == [(NOON, DUE, None)], "it was a mistake: it runs again"


def test_silence_is_a_decision_in_the_end(world: NoticeWorld) -> None:
    world.order(1)
    world.arrive(1, 1)
    sweep(world, NOON)
    sweep(world, DUE + 3 * DAY - HOUR)
    assert clocks(world)[0][2] is None
    sweep(world, DUE + 3 * DAY)
    assert clocks(world)[0][2] == DUE


def test_what_arrived_long_ago_starts_no_clock(world: NoticeWorld) -> None:
    world.order(1)
    world.arrive(1, 1, at=NOON - 30 * DAY)
    case_id = world.order(2, status="waiting_decision")
    change(world, "update core.return_case set arrived_at = %s where case_id = %s", NOON - 15 * DAY, case_id)
    sweep(world, NOON)
    assert clocks(world) == [] and kinds(world) == []


def test_the_figures_are_settings(world: NoticeWorld) -> None:
    world.set("decision_working_days", 1)
    world.set("calendar_changes", {"2026-11-17": "off"})
    world.order(1)
    world.arrive(1, 1)
    sweep(world, NOON)
    assert clocks(world) == [(NOON, DUE - DAY, None)]
    with pytest.raises(psycopg.errors.CheckViolation):
        world.set("calendar_changes", {"17.11.2026": "off"})
    with pytest.raises(psycopg.errors.CheckViolation):
        world.set("calendar_changes", {"2026-11-17": "free"})


# --- what is told of it, and of claims


def test_each_kind_is_told_once(world: NoticeWorld, mailbox: tuple[Mailbox, MailServer]) -> None:
    box, server = mailbox
    world.order(1)
    world.arrive(1, 1)
    for moment in (NOON, NOON + 5 * HOUR, DUE - DAY, DUE - 12 * HOUR, DUE, DUE + 5 * HOUR, DUE + 10 * DAY):
        sweep(world, moment, server)
    assert kinds(world) == ["decision_owed", "decision_near", "decision_passed"]
    subjects = [str(mail["Subject"]) for number, _ in box.mails() if (mail := box.read(number))]
    assert subjects == ["Alpha: 1 решение ждёт", "Alpha: 1 решение ждёт", "Alpha: Прошедшие сроки"]


def test_all_that_is_new_is_one_mail_and_not_more_than_one_in_four_hours(
    world: NoticeWorld, mailbox: tuple[Mailbox, MailServer]
) -> None:
    box, server = mailbox
    for number in range(1, 41):
        world.order(number)
        world.arrive(number, 1)
    assert sweep(world, NOON, server) == {"found": 40, "mails": 1, "sent": 1, "queued": 0, "dead": 0, "unknown": 0}
    world.order(41)
    world.arrive(41, 1, at=NOON + HOUR)
    for hours in (1, 2, 3):
        assert sweep(world, NOON + hours * HOUR, server)["mails"] == 0
    assert sweep(world, NOON + 5 * HOUR, server)["mails"] == 1
    first, second = (box.read(number) for number, _ in box.mails())
    assert first is not None and second is not None
    text = body(first)
    assert first["Subject"] == "Alpha: 40 решений ждут" and first["To"] == "alpha@example.kz"
    assert "Возвраты поступили и ждут вашего решения" in text
    assert "- Заказ 700000001, до конца 19 ноября" in text and "- и ещё 10" in text
    assert "700000041" in body(second) and "700000001" not in body(second)
    page = first.get_body(("html",))
    assert page is not None and "Заказ 700000001" in page.get_content()


def body(mail: Any) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def test_each_merchant_is_told_of_his_own_in_his_language(
    world: NoticeWorld, mailbox: tuple[Mailbox, MailServer]
) -> None:
    box, server = mailbox
    world.order(1)
    world.arrive(1, 1)
    world.order(2, merchant_id="beta")
    world.arrive(2, 1, merchant_id="beta")
    sweep(world, NOON, server)
    mails = {str(mail["To"]): mail for number, _ in box.mails() if (mail := box.read(number))}
    assert "700000002" not in body(mails["alpha@example.kz"]) and "700000001" not in body(mails["beta@example.kz"])
    assert mails["beta@example.kz"]["Subject"] == "Beta: 1 шешім күтілуде"


def test_what_was_settled_or_is_more_urgent_by_the_time_of_the_mail_is_told_as_it_is(
    world: NoticeWorld, mailbox: tuple[Mailbox, MailServer]
) -> None:
    box, server = mailbox
    decided = world.order(1)
    world.arrive(1, 1)
    world.order(2)
    world.arrive(2, 1)
    sweep(world, NOON)
    change(world, "update core.return_case set status = 'decided' where case_id = %s", decided)
    sweep(world, DUE - DAY, server)
    assert kinds(world) == ["decision_near"]
    (mail,) = (box.read(number) for number, _ in box.mails())
    assert "700000002" in body(mail) and "700000001" not in body(mail)
    assert "Решите сегодня" in body(mail)


def claim(world: NoticeWorld, number: int, due_at: dt.datetime, status: str, amount: int | None = 3000) -> None:
    """Write a claim of an order's first piece."""
    (unit_id,) = world.arrive(number, 1)
    with connect(world.dsn) as conn:
        paid = (amount, NOON) if status == "paid" else (None, None)
        conn.execute(
            "insert into core.claim (claim_id, unit_id, merchant_id, seq, tier, due_at, status, amount, why, "
            "missing, notes, opened_at, changed_at, lost_because, paid_amount, paid_at) "
            "values (%s, %s, 'alpha', 1, 30, %s, %s, %s, '{}', '{}', '{}', %s, %s, %s, %s, %s)",
            (
                unit_id, unit_id, due_at, status, amount, NOON, NOON,
                "lost_to_deadline" if status == "expired" else None, *paid,
            ),
        )  # fmt: skip


def test_claims_are_told_when_they_are_new_near_and_expired(
    world: NoticeWorld, mailbox: tuple[Mailbox, MailServer]
) -> None:
    box, server = mailbox
    world.set("decision_working_days", 9)
    cases = (
        (1, NOON + 9 * DAY, "ready"), (2, NOON + 2 * DAY, "draft"), (3, NOON - DAY, "expired"),
        (4, NOON - DAY, "draft"), (5, NOON + 9 * DAY, "sent"), (6, NOON + DAY, "paid"), (7, NOON - 9 * DAY, "expired"),
    )  # fmt: skip
    for number, due_at, status in cases:
        world.order(number, kind="refusal")
        claim(world, number, due_at, status, 3000 * number)
    sweep(world, NOON, server)
    rows = world.ask("select order_code, kind, amount from ops.merchant_notice order by order_code")
    assert [(row["order_code"][-1], row["kind"], row["amount"]) for row in rows] == [
        ("1", "claim_new", 3000), ("2", "claim_near", 6000), ("3", "claim_expired", 9000),
        ("4", "claim_expired", 12000),
    ]  # fmt: skip
    (mail,) = (box.read(number) for number, _ in box.mails())
    assert mail is not None and mail["Subject"] == "Alpha: 2 претензии к отправке"
    text = body(mail)
    assert (
        text.index("Претензии, срок которых истекает") < text.index("Новые претензии") < text.index("не отправленные")
    )
    assert "Заказ 700000002, до 18 нояб., 12:00, 6\u00a0000\u00a0₸" in text
    sweep(world, NOON + 5 * HOUR, server)
    assert len(box.mails()) == 1


def test_without_a_mail_server_or_an_address_it_waits(world: NoticeWorld, mailbox: tuple[Mailbox, MailServer]) -> None:
    box, server = mailbox
    world.order(1)
    world.arrive(1, 1)
    assert sweep(world, NOON) == {"found": 1, "mails": 0}
    change(world, "update core.merchant set report_email = null where merchant_id = 'alpha'")
    assert sweep(world, NOON, server)["mails"] == 0
    change(world, "update core.merchant set report_email = 'new@example.kz' where merchant_id = 'alpha'")
    assert sweep(world, NOON, server)["mails"] == 1
    assert [str(mail["To"]) for number, _ in box.mails() if (mail := box.read(number))] == ["new@example.kz"]


def test_a_mail_that_was_refused_is_an_alert_of_its_merchant(world: NoticeWorld) -> None:
    world.order(1)
    world.arrive(1, 1)
    with smtp(b"554 no\r\n") as (server, _):
        assert sweep(world, NOON, server)["dead"] == 1
    with connect(world.dsn) as conn:
        watch(conn, NOON, QuietHours.of_setting([]))
    (alert,) = world.ask("select * from ops.alert")
    assert (alert["alert_key"], alert["cleared_at"]) == ("notices_stuck/alpha", None)


def test_both_are_told_by_one_step_and_neither_keeps_the_other(world: NoticeWorld) -> None:
    world.order(1)
    world.arrive(1, 1)
    world.queue()
    away = MailServer("127.0.0.1", closed_port(), "a@example.kz")
    world.by(closed_port())
    outfit = Outfit(world.sealer, lambda _: channel_of(world.url, world.extra))
    counts = tell(world.dsn, outfit, away, "test#1", NOON)
    assert counts["merchants"]["queued"] == 1 and counts["buyers"]["queued"] == 1


def test_the_mail_names_no_person(world: NoticeWorld, mailbox: tuple[Mailbox, MailServer]) -> None:
    box, server = mailbox
    world.order(1)
    world.arrive(1, 1)
    sweep(world, NOON, server)
    text = "".join(path.read_text("utf-8") for _, path in box.mails())
    mail = email.message_from_string(text, policy=email.policy.default)
    assert "Айгүл" not in body(mail) and "7015550101" not in body(mail)
