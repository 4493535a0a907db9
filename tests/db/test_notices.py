"""Notices to buyers: written once a case with the booking, sent once, settled by a person where nobody knows."""

import datetime as dt
import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet

from include.db.connection import connect
from include.domain import identity
from include.domain.clocks import ALMATY
from include.domain.notices import TRIES
from include.domain.unit_life import Event
from include.flows import housekeeping, ledger
from include.flows.contacts import Sealer
from include.flows.notices import Outfit, decide, decide_mails, queue_arrival_notices, send_notices
from include.kaspi.privacy import Contact
from include.notify.apprise_channel import channel_of
from include.notify.channels import ChannelError
from include.notify.outbox import queue as queue_mail
from tests.db.notice_world import BUYER, DAY, HOUR, MINUTE, NOON, NoticeWorld
from tests.db.test_outbox import note
from tests.gateways import closed_port, http_gateway


@pytest.fixture
def world(new_warehouse: Callable[[], str]) -> NoticeWorld:
    return NoticeWorld(new_warehouse())


def told(world: NoticeWorld) -> list[tuple[str, int]]:
    return [(row["params"]["order_code"], row["params"]["units"]) for row in world.notices()]


# --- what is written down


def test_a_case_is_told_once_with_all_its_pieces(world: NoticeWorld) -> None:
    case_id = world.order(1)
    world.arrive(1, 1, 2)
    assert world.queue() == 1
    (row,) = world.notices()
    assert row["notice_key"] == f"arrived/{case_id}"
    assert row["params"] == {
        "order_code": "700000001", "units": 2, "return_kind": "customer_return", "received_on": "2026-11-16",
    }  # fmt: skip
    assert (row["status"], row["attempts"], row["order_id"], row["channel"]) == ("queued", 0, "o1", None)
    assert world.queue() == 0, "a second look writes nothing"
    assert world.notices() == [row]


def test_a_notice_nobody_tried_to_send_learns_of_later_pieces(world: NoticeWorld) -> None:
    world.order(1)
    world.arrive(1, 1)
    world.queue()
    world.arrive(1, 2, at=NOON + HOUR)
    assert world.queue(NOON + HOUR) == 1
    assert told(world) == [("700000001", 2)]


@pytest.mark.parametrize("later_pieces", [False, True])
def test_a_later_piece_is_a_second_notice_only_where_the_setting_says_so(
    world: NoticeWorld, later_pieces: bool
) -> None:
    world.set("notice_later_pieces", later_pieces)
    world.order(1)
    world.arrive(1, 1)
    world.queue()
    with http_gateway() as gateway:
        world.by(gateway.port)
        world.send()
        world.arrive(1, 2, at=NOON + HOUR)
        for _ in range(3):
            world.queue(NOON + HOUR)
            world.send(NOON + HOUR)
        world.arrive(1, 3, at=NOON + 2 * HOUR)
        world.queue(NOON + 2 * HOUR)
        world.send(NOON + 2 * HOUR)
        assert len(gateway.requests) == (3 if later_pieces else 1)
    assert [units for _, units in told(world)] == ([1, 2, 3] if later_pieces else [1])


def test_two_cases_of_an_order_are_two_notices(world: NoticeWorld) -> None:
    world.order(1)
    world.order(1, episode=2, contact=None)
    world.arrive(1, 1)
    world.arrive(1, 2, episode=2)
    assert world.queue() == 2


@pytest.mark.parametrize(
    ("why", "change"),
    [
        ("notices are off", "update core.merchant set notices = false"),
        ("he left", "update core.merchant set active = false"),
        ("nobody knows the buyer", "delete from core.contact"),
    ],
)
def test_nobody_is_told(world: NoticeWorld, why: str, change: str) -> None:
    world.order(1)
    world.arrive(1, 1)
    with connect(world.dsn) as conn:
        conn.execute(change.encode())
    assert world.queue() == 0, why
    assert world.notices() == []


def test_what_arrived_days_ago_is_no_news(world: NoticeWorld) -> None:
    world.order(1)
    world.arrive(1, 1, at=NOON - 4 * DAY)
    world.order(2)
    world.arrive(2, 1, at=NOON - 2 * DAY)
    assert world.queue() == 1
    assert told(world) == [("700000002", 1)]


def test_what_nobody_expected_is_told_when_it_is_adopted(world: NoticeWorld) -> None:
    case_id, unit_id = world.order(1), identity.scanned_unit_id("w1", "s9")
    with connect(world.dsn) as conn:
        found = Event(
            identity.event_id("x"),
            unit_id,
            "alpha",
            "unexpected",
            NOON,
            "n",
            "wms/w1",
            {"source": "w1", "scan_id": "s9"},
        )
        assert ledger.append(conn, [found], NOON).accepted
    assert world.queue() == 0
    with connect(world.dsn) as conn:
        adopted = Event(
            identity.event_id("y"), unit_id, "alpha", "adopted", NOON, "kaspi", "kaspi/shop_api",
            {"case_id": str(case_id), "order_id": "o1", "entry_id": "e1", "piece": 1},
        )  # fmt: skip
        assert ledger.append(conn, [adopted], NOON).accepted
    assert world.queue() == 1


def test_a_notice_is_written_with_the_booking_or_not_at_all(world: NoticeWorld) -> None:
    world.order(1)
    world.arrive(1, 1)
    with connect(world.dsn) as conn:
        assert queue_arrival_notices(conn, world.run(), "alpha") == 1
        conn.rollback()
    assert world.notices() == []


def test_two_bookings_at_once_write_one_notice(world: NoticeWorld) -> None:
    for number in range(1, 9):
        world.order(number)
        world.arrive(number, 1)
    with ThreadPoolExecutor(4) as pool:
        written = list(pool.map(lambda _: world.queue(), range(4)))
    assert sum(written) == 8
    assert len(world.notices()) == 8


# --- what is sent


def test_it_is_sent_once_in_the_merchants_language_and_then_never_again(world: NoticeWorld) -> None:
    world.order(1)
    world.arrive(1, 1, 2)
    world.order(2, merchant_id="beta", contact=Contact("", "7015550102"))
    world.arrive(2, 1, merchant_id="beta")
    world.queue(), world.queue(merchant_id="beta")
    with http_gateway() as gateway:
        world.by(gateway.port)
        assert world.send()["sent"] == 2
        for _ in range(3):
            assert "sent" not in world.send(NOON + HOUR)
        came = {one["phone"]: one["message"] for one in gateway.requests}
        assert len(gateway.requests) == 2
    assert came == {
        "77015550101": "Айгүл, ваш возврат по заказу 700000001 поступил: 2 штуки. "
        "Проверяем; решение придёт в приложении Kaspi.kz. Alpha",
        "77015550102": "700000002 тапсырысы бойынша қайтарымыңыз келді: 1 дана. "
        "Тексеріп жатырмыз; шешім Kaspi.kz қосымшасында шығады. Beta",
    }
    for row in world.notices():
        assert (row["status"], row["sent_at"], row["attempts"]) == ("sent", NOON, 1)
        assert row["channel"] == f"notices_{row['merchant_id']}"


def test_a_buyers_own_language_and_connection_come_first(world: NoticeWorld) -> None:
    world.order(1, contact=Contact("Bob", "7015550101", language="en"))
    world.arrive(1, 1)
    world.queue()
    asked = []
    with connect(world.dsn) as conn:
        conn.execute("update core.merchant set notice_connection_id = 'sms_of_the_house'")
    with http_gateway() as gateway:
        world.by(gateway.port)

        def channel(conn_id: str) -> Any:
            asked.append(conn_id)
            return channel_of(world.url, world.extra)

        send_notices(world.dsn, Outfit(world.sealer, channel), "t#1", NOON)
        assert gateway.requests[0]["message"].startswith("Bob, your return of order 700000001 has arrived: 1 piece.")
    assert asked == ["sms_of_the_house"]


def test_a_return_that_nobody_decides_about_says_nothing_of_a_decision(world: NoticeWorld) -> None:
    world.order(1, kind="refusal")
    world.arrive(1, 1)
    world.queue()
    with http_gateway() as gateway:
        world.by(gateway.port)
        world.send()
        assert gateway.requests[0]["message"] == "Айгүл, ваш возврат по заказу 700000001 поступил: 1 штука. Alpha"


def test_nobody_is_woken_at_night(world: NoticeWorld) -> None:
    world.order(1)
    night = dt.datetime(2026, 11, 16, 21, 0, tzinfo=ALMATY)
    world.arrive(1, 1, at=night)
    world.queue(night)
    with http_gateway() as gateway:
        world.by(gateway.port)
        for moment in (night, night + 4 * HOUR, night + 12 * HOUR - MINUTE):
            assert "sent" not in world.send(moment)
        assert world.ask("select 1 from ops.alert") == [], "to wait for the morning is no trouble"
        assert world.send(night + 12 * HOUR)["sent"] == 1
    world.order(2)
    world.arrive(2, 1, at=night)
    world.queue(night)
    with http_gateway() as gateway:
        world.by(gateway.port)
        assert world.send(night, quiet_hours=False)["sent"] == 1, "a mail wakes nobody"


def test_a_channel_takes_no_more_than_it_may(world: NoticeWorld) -> None:
    for number in range(1, 6):
        world.order(number)
        world.arrive(number, 1)
    world.queue()
    begun = dt.datetime.now(dt.UTC)
    with http_gateway() as gateway:
        world.by(gateway.port)
        assert world.send(per_minute=300)["sent"] == 5
    assert (dt.datetime.now(dt.UTC) - begun).total_seconds() >= 4 * 0.2


def test_a_slow_channel_leaves_the_others_their_time(world: NoticeWorld) -> None:
    for number in range(1, 11):
        world.order(number)
        world.arrive(number, 1)
        world.order(number + 10, merchant_id="beta")
        world.arrive(number + 10, 1, merchant_id="beta")
    world.queue(), world.queue(merchant_id="beta")
    with http_gateway() as gateway:
        world.by(gateway.port)
        outfit = Outfit(world.sealer, lambda _: channel_of(world.url, {"per_minute": 60}))
        send_notices(world.dsn, outfit, "t#1", NOON, budget_seconds=4)
    sent = {row["merchant_id"] for row in world.notices() if row["status"] == "sent"}
    assert sent == {"alpha", "beta"}
    assert {row["status"] for row in world.notices()} == {"sent", "queued"}


# --- what goes wrong


def test_what_surely_was_not_sent_is_tried_again_after_a_while_and_then_given_up(world: NoticeWorld) -> None:
    world.order(1)
    world.arrive(1, 1)
    world.queue()
    world.by(closed_port())
    assert world.send()["queued"] == 1
    assert "queued" not in world.send(NOON + MINUTE / 2), "not yet"
    moment = NOON
    for _ in range(TRIES - 1):
        moment = world.notices()[0]["next_try_at"]
        world.send(moment)
    assert world.statuses() == [("dead", "no_connection")]
    assert world.notices()[0]["attempts"] == TRIES
    (alert,) = world.ask("select * from ops.alert where cleared_at is null")
    assert (alert["alert_key"], alert["kind"]) == ("notices_stuck/alpha", "notices_stuck")
    with http_gateway() as gateway:
        world.by(gateway.port)
        world.send(moment + DAY)
        assert gateway.requests == [], "what is dead is not sent by itself"


def test_a_lost_answer_is_unknown_and_not_repeated(world: NoticeWorld) -> None:
    world.order(1)
    world.arrive(1, 1)
    world.queue()
    with http_gateway(None) as gateway:
        world.by(gateway.port)
        assert world.send()["unknown"] == 1
        for hours in range(1, 5):
            world.send(NOON + hours * HOUR)
        assert len(gateway.requests) == 1
    assert world.statuses() == [("unknown", "answer_lost")]


def test_a_lost_answer_is_repeated_where_the_gateway_removes_repetitions(world: NoticeWorld) -> None:
    world.order(1)
    world.arrive(1, 1)
    world.queue()
    with http_gateway(None, None, deduplicates=True) as gateway:
        world.by(gateway.port)
        moment = NOON
        for _ in range(3):
            world.send(moment, deduplicates=True)
            moment = max(moment, world.notices()[0]["next_try_at"])
        assert len({one["key"] for one in gateway.requests}) == 1
        assert (len(gateway.requests), len(gateway.passed_on)) == (3, 1)
    assert world.statuses() == [("sent", None)]


def test_what_waits_to_be_repeated_is_not_repeated_over_another_channel(world: NoticeWorld) -> None:
    world.order(1)
    world.arrive(1, 1)
    world.queue()
    with http_gateway(None) as gateway:
        world.by(gateway.port)
        assert world.send(deduplicates=True)["queued"] == 1
        with connect(world.dsn) as conn:
            conn.execute("update core.merchant set notice_connection_id = 'another'")
        assert world.send(NOON + HOUR, deduplicates=True)["unknown"] == 1
        assert len(gateway.requests) == 1
    assert world.statuses() == [("unknown", "channel_changed")]


def test_a_refusal_for_good_is_dead_at_once(world: NoticeWorld) -> None:
    world.order(1)
    world.arrive(1, 1)
    world.queue()
    with http_gateway(400) as gateway:
        world.by(gateway.port)
        assert world.send()["dead"] == 1
    assert world.statuses() == [("dead", "http_400")]


def test_a_receipt_that_was_taken_back_is_not_told(world: NoticeWorld) -> None:
    world.order(1)
    with connect(world.dsn) as conn:
        asked = Event(
            identity.event_id("asked"), identity.requested_unit_id("alpha", "e1", 1), "alpha", "requested", NOON, "k",
            "k", {"case_id": str(identity.case_id("alpha", "o1", 1)), "order_id": "o1", "entry_id": "e1", "piece": 1,
                  "sku": "S1"},
        )  # fmt: skip
        assert ledger.append(conn, [asked], NOON).accepted
    (unit_id,) = world.arrive(1, 1)
    world.queue()
    world.void(unit_id)
    with http_gateway() as gateway:
        world.by(gateway.port)
        assert world.send()["lapsed"] == 1
        assert gateway.requests == []
    assert world.statuses() == [("dismissed", "nothing_received")]


def test_notices_that_were_switched_off_do_not_go_out(world: NoticeWorld) -> None:
    world.order(1)
    world.arrive(1, 1)
    world.queue()
    with connect(world.dsn) as conn:
        conn.execute("update core.merchant set notices = false")
    with http_gateway() as gateway:
        world.by(gateway.port)
        world.send()
        assert gateway.requests == []
    assert world.statuses() == [("dismissed", "switched_off")]


def test_a_past_range_that_is_taken_in_tells_nobody(world: NoticeWorld) -> None:
    """A backfill's clock is long past: it queues what was news then, and the present finds that it is none."""
    past = NOON - 60 * DAY
    world.now = past
    world.order(1)
    world.arrive(1, 1)
    assert world.queue() == 1
    with http_gateway() as gateway:
        world.by(gateway.port)
        world.send(NOON)
        assert gateway.requests == []
    assert world.statuses() == [("dismissed", "too_late")]


def test_what_was_tried_in_vain_for_too_long_waits_for_a_person(world: NoticeWorld) -> None:
    world.order(1)
    world.arrive(1, 1)
    world.queue()
    world.by(closed_port())
    world.send()
    world.send(NOON + 4 * DAY)
    assert world.statuses() == [("dead", "too_late")]


def test_a_channel_that_cannot_be_used_keeps_its_notices_and_raises_an_alert(world: NoticeWorld) -> None:
    world.order(1)
    world.arrive(1, 1)
    world.order(2, merchant_id="beta")
    world.arrive(2, 1, merchant_id="beta")
    world.queue(), world.queue(merchant_id="beta")
    with http_gateway() as gateway:
        world.by(gateway.port)

        def channel(conn_id: str) -> Any:
            if conn_id == "notices_alpha":
                raise KeyError("a secret that an error repeats")
            return channel_of(world.url, world.extra)

        counts = send_notices(world.dsn, Outfit(world.sealer, channel), "t#1", NOON)
        assert (counts["no_channel"], counts["sent"]) == (1, 1)
        (alert,) = world.ask("select * from ops.alert")
        assert alert["alert_key"] == "notice_channel/notices_alpha"
        assert "secret" not in alert["message"] and "KeyError" in alert["message"]
        assert [row["status"] for row in world.notices()] == ["queued", "sent"]
        assert world.send(NOON + MINUTE)["sent"] == 1
    assert world.ask("select 1 from ops.alert where cleared_at is null") == []


def test_a_channels_own_words_are_told(world: NoticeWorld) -> None:
    world.order(1)
    world.arrive(1, 1)
    world.queue()

    def channel(_: str) -> Any:
        raise ChannelError("it has no address: put the Apprise address into the connection's password")

    send_notices(world.dsn, Outfit(world.sealer, channel), "t#1", NOON)
    (alert,) = world.ask("select message from ops.alert")
    assert "put the Apprise address" in alert["message"]


def test_a_contact_that_another_key_sealed_is_a_dead_letter(world: NoticeWorld) -> None:
    world.order(1)
    world.arrive(1, 1)
    world.queue()
    world.key = Fernet.generate_key().decode()
    with http_gateway() as gateway:
        world.by(gateway.port)
        assert world.send()["dead"] == 1
        assert gateway.requests == []
    assert world.statuses() == [("dead", "contact_unreadable")]


def test_what_cannot_be_sent_for_an_hour_is_an_alert_until_it_is_sent(world: NoticeWorld) -> None:
    world.order(1)
    world.arrive(1, 1)
    world.queue()

    def away(_: str) -> Any:
        raise ChannelError("away")

    def active() -> set[str]:
        return {row["kind"] for row in world.ask("select kind from ops.alert where cleared_at is null")}

    send_notices(world.dsn, Outfit(world.sealer, away), "t#1", NOON + MINUTE)
    assert active() == {"notice_channel"}
    send_notices(world.dsn, Outfit(world.sealer, away), "t#1", NOON + 2 * HOUR)
    assert active() == {"notice_channel", "notices_stuck"}
    with http_gateway() as gateway:
        world.by(gateway.port)
        world.send(NOON + 3 * HOUR)
    assert active() == set()


# --- privacy


def test_neither_name_nor_phone_is_stored_or_logged_in_clear(
    world: NoticeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for number, answers in enumerate(((), (400,), (None,), (503,)), start=1):
        world.order(number)
        world.arrive(number, 1)
        world.queue()
        with http_gateway(*answers) as gateway:
            world.by(gateway.port)
            world.send()
            assert "Айгүл" in gateway.requests[0]["message"]
    assert [status for status, _ in world.statuses()] == ["sent", "dead", "unknown", "queued"]
    everything = []
    with psycopg.connect(world.dsn) as conn:
        tables = conn.execute(
            "select table_schema || '.' || table_name from information_schema.tables where table_schema in "
            "('raw', 'core', 'ledger', 'channel', 'mart', 'ops') and table_type = 'BASE TABLE'"
        ).fetchall()
        for (table,) in tables:
            everything.append(str(conn.execute(f"select to_jsonb(t) from {table} as t").fetchall()))
    stored = "\n".join(everything)
    assert "arrived/" in stored and b"gAAAA".hex() in stored, "there is a notice and a sealed contact to look into"
    for word in (BUYER.name, BUYER.phone, BUYER.name.encode().hex(), BUYER.phone.encode().hex()):
        assert word not in stored
        assert word not in caplog.text


def test_when_the_contact_is_erased_its_reference_goes_and_nothing_is_sent(world: NoticeWorld) -> None:
    for number in (1, 2, 3):
        world.order(number, status="closed")
        world.arrive(number, 1)
    world.queue()
    with http_gateway(200, 400) as gateway:
        world.by(gateway.port)
        world.send()
    with connect(world.dsn) as conn:
        conn.execute(
            "update ops.notice set status = 'queued', sent_at = null "
            "where notice_id = (select max(notice_id) from ops.notice)"
        )
        conn.execute("update core.return_case set closed_at = %s", (NOON,))
        conn.execute("update core.customer_order set handed_over_at = %s", (NOON - 50 * DAY,))
    done = housekeeping.tidy(world.dsn, world.run(), "night#1")
    assert done["contacts_erased"] == 3
    rows = world.notices()
    assert [(row["order_id"], row["status"], row["reason"]) for row in rows] == [
        (None, "sent", None), (None, "dismissed", "contact_erased"), (None, "dismissed", "contact_erased"),
    ]  # fmt: skip
    assert world.queue() == 0, "its key is taken for ever"


def test_a_contact_that_was_erased_meanwhile_is_not_guessed(world: NoticeWorld) -> None:
    world.order(1)
    world.arrive(1, 1)
    world.queue()
    with connect(world.dsn) as conn:
        conn.execute("delete from core.contact")
    with http_gateway() as gateway:
        world.by(gateway.port)
        world.send()
        assert gateway.requests == []
    assert world.statuses() == [("dead", "contact_erased")]


# --- a person decides


def undecided(world: NoticeWorld) -> tuple[int, int]:
    """Make a notice that is unknown and one that is dead; return their ids."""
    for number in (1, 2):
        world.order(number)
        world.arrive(number, 1)
        world.queue()
    with http_gateway(None, 400) as gateway:
        world.by(gateway.port)
        world.send()
    unknown, dead = world.notices()
    assert (unknown["status"], dead["status"]) == ("unknown", "dead")
    return unknown["notice_id"], dead["notice_id"]


def test_a_person_sends_again_or_says_that_it_was_sent(world: NoticeWorld) -> None:
    ids = undecided(world)
    with connect(world.dsn) as conn:
        assert decide(conn, ids, "sent", "aliya", NOON + HOUR) == 1, "what is dead was not sent"
        assert decide(conn, ids, "again", "beket", NOON + HOUR) == 1
        assert decide(conn, ids, "dismissed", "beket", NOON + HOUR, "late") == 0, "both are decided"
    with http_gateway() as gateway:
        world.by(gateway.port)
        assert world.send(NOON + HOUR)["sent"] == 1
        assert len(gateway.requests) == 1
    assert [status for status, _ in world.statuses()] == ["sent", "sent"]
    actions = world.ask("select queue, action, was, actor, at from ops.sending_action order by action_id")
    assert [(row["action"], row["was"], row["actor"], row["at"]) for row in actions] == [
        ("sent", "unknown", "aliya", NOON + HOUR), ("again", "dead", "beket", NOON + HOUR),
    ]  # fmt: skip
    world.send(NOON + HOUR)
    assert world.ask("select 1 from ops.alert where cleared_at is null") == []


def test_who_sends_an_old_one_again_wants_it_sent_today(world: NoticeWorld) -> None:
    unknown, _ = undecided(world)
    with connect(world.dsn) as conn:
        assert decide(conn, [unknown], "again", "aliya", NOON + 10 * DAY) == 1
    with http_gateway() as gateway:
        world.by(gateway.port)
        assert world.send(NOON + 10 * DAY)["sent"] == 1


def test_a_decision_has_an_actor_and_a_dismissal_a_reason(world: NoticeWorld) -> None:
    ids = undecided(world)
    with connect(world.dsn) as conn:
        for decision, actor, reason in (("dismissed", "aliya", " "), ("again", "", None), ("shred", "aliya", "x")):
            with pytest.raises(ValueError, match=r"reason|actor|decides one of"):
                decide(conn, ids, decision, actor, NOON, reason)
        assert decide(conn, ids, "dismissed", "aliya", NOON, "told by phone") == 2
    assert world.statuses() == [("dismissed", "by_a_person")] * 2
    assert {row["reason"] for row in world.ask("select reason from ops.sending_action")} == {"told by phone"}


def test_mails_of_the_outbox_are_settled_in_the_same_way(world: NoticeWorld) -> None:
    with connect(world.dsn) as conn:
        for key, status in (("a", "unknown"), ("b", "dead"), ("c", "sent")):
            queue_mail(conn, key, "alpha", "owed", note(), NOON)
            conn.execute("update ops.outbox set status = %s, attempts = 5 where message_key = %s", (status, key))
        conn.commit()
        assert decide_mails(conn, ["a", "b", "c"], "sent", "aliya", NOON) == 1
        assert decide_mails(conn, ["a", "b", "c"], "again", "aliya", NOON) == 1
    rows = world.ask("select message_key, status, attempts from ops.outbox order by message_key")
    assert [(row["message_key"], row["status"], row["attempts"]) for row in rows] == [
        ("a", "sent", 5), ("b", "queued", 0), ("c", "sent", 5),
    ]  # fmt: skip


@pytest.mark.parametrize("value", [["21:00"], ["9", "21"], ["25:00", "09:00"], "21-9", {"from": "21:00"}])
def test_quiet_hours_that_are_none_are_refused_where_they_are_written(world: NoticeWorld, value: Any) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        world.set("notice_quiet_hours", value)


def test_quiet_hours_may_be_none_at_all(world: NoticeWorld) -> None:
    world.set("notice_quiet_hours", [])
    world.order(1)
    night = dt.datetime(2026, 11, 16, 23, 0, tzinfo=ALMATY)
    world.arrive(1, 1, at=night)
    world.queue(night)
    with http_gateway() as gateway:
        world.by(gateway.port)
        assert world.send(night)["sent"] == 1


def test_a_contact_of_before_can_still_be_opened(world: NoticeWorld) -> None:
    """What was sealed when a contact had a name and a phone only."""
    old = Fernet(world.key).encrypt(json.dumps({"name": "Айгүл", "phone": "7015550101"}).encode())
    assert Sealer(world.key).open(old) == BUYER
