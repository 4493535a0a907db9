"""Old data raise an alert that ends by itself; every activation of an alert is one mail to the team."""

import datetime as dt
import email
import email.policy
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from include import airflow_context, alerts
from include.db.connection import Connection, connect
from include.flows.alert_mail import tell
from include.flows.freshness import check_freshness
from include.notify.alerts import clear_alert, raise_alert, token_key
from include.notify.outbox import MailServer

NOW = dt.datetime(2026, 11, 2, 6, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


class Fixed:
    def now(self) -> dt.datetime:
        return NOW


@pytest.fixture
def dsn(new_warehouse: Callable[[], str]) -> str:
    address = new_warehouse()
    with connect(address) as conn:
        conn.execute(
            """
            insert into core.merchant (merchant_id, name, connection_id, base_list_connection_id, active)
            values ('shop', 'Алма', 'c', 'b', true), ('gone', 'Gone', 'c2', 'b2', false)
            """
        )
    return address


def sweep(
    dsn: str,
    began: dt.datetime,
    *,
    to: dt.datetime | None = None,
    published: bool = True,
    merchant_id: str = "shop",
) -> None:
    """Write down a complete sweep; one that is not complete has no row."""
    with connect(dsn) as conn:
        conn.execute(
            """
            insert into ops.sweep (merchant_id, dag_id, run_id, created_from, created_to, started_at, completed_at,
                long, seen, counted, published)
            values (%s, 'kaspi_returns_ingest', %s, %s, %s, %s, %s, false, 1, 1, %s)
            """,
            (
                merchant_id, began.isoformat(), (to or began) - 3 * dt.timedelta(days=1), to or began, began,
                began + 10 * MINUTE, published,
            ),
        )  # fmt: skip


def active(dsn: str) -> dict[str, str]:
    with connect(dsn) as conn:
        rows = conn.execute("select alert_key, message from ops.alert where cleared_at is null").fetchall()
    return {row["alert_key"]: row["message"] for row in rows}


def test_who_was_never_swept_is_stale_and_who_is_not_active_is_not(dsn: str) -> None:
    assert check_freshness(dsn, NOW) == ["shop"]
    assert active(dsn) == {"stale/shop": "shop: no complete sweep of its orders was ever published"}


@pytest.mark.parametrize(
    ("told", "stale"),
    [
        ({}, False),
        ({"published": False}, True),
        ({"merchant_id": "gone"}, True),
        ({"to": NOW - dt.timedelta(days=30)}, True),  # a past range makes nothing fresh
    ],
)
def test_only_a_complete_and_published_sweep_of_the_present_is_fresh(
    dsn: str, told: dict[str, Any], stale: bool
) -> None:
    sweep(dsn, NOW - 40 * MINUTE, **told)
    assert check_freshness(dsn, NOW) == (["shop"] if stale else [])


def test_the_age_counts_from_the_begin_and_the_alert_ends_by_itself(dsn: str) -> None:
    sweep(dsn, NOW)
    assert check_freshness(dsn, NOW + 45 * MINUTE) == []
    assert check_freshness(dsn, NOW + 46 * MINUTE) == ["shop"]
    assert "2026-11-02 11:00 Almaty" in active(dsn)["stale/shop"]
    assert check_freshness(dsn, NOW + 61 * MINUTE) == ["shop"]
    with connect(dsn) as conn:
        (row,) = conn.execute("select raised_at from ops.alert").fetchall()
    assert row["raised_at"] == NOW + 46 * MINUTE, "raised once while it lasts"
    sweep(dsn, NOW + 70 * MINUTE)
    assert check_freshness(dsn, NOW + 80 * MINUTE) == []
    assert active(dsn) == {}
    assert check_freshness(dsn, NOW + 9 * 24 * 60 * MINUTE) == ["shop"]
    assert "over a week" in active(dsn)["stale/shop"]
    with connect(dsn) as conn:
        conn.execute("update core.merchant set active = false")
    assert check_freshness(dsn, NOW + 9 * 24 * 60 * MINUTE) == []
    assert active(dsn) == {}


def test_the_limit_is_a_setting(dsn: str) -> None:
    sweep(dsn, NOW)
    with connect(dsn) as conn:
        conn.execute("update ops.setting set value = '10' where name = 'freshness_minutes'")
    assert check_freshness(dsn, NOW + 11 * MINUTE) == ["shop"]


def test_many_look_at_once_and_one_alert_is_raised(dsn: str) -> None:
    found: list[list[str]] = []
    threads = [threading.Thread(target=lambda: found.append(check_freshness(dsn, NOW))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [["shop"]] * 6
    assert list(active(dsn)) == ["stale/shop"]


def test_a_failed_run_is_no_trouble_once_a_later_one_published_all(dsn: str) -> None:
    with connect(dsn) as conn:
        for key, kind in (
            ("run_failed/restock_sync/a", "run_failed"), ("deadline/restock_sync/a", "deadline"),
            ("run_failed/housekeeping/a", "run_failed"), ("source/w1/a", "source_unreadable"),
        ):  # fmt: skip
            raise_alert(conn, key, "*", kind, "…", NOW)
        for dag_id, run_id, minutes in (("restock_sync", "late", -5), ("restock_sync", "next", 5)):
            conn.execute(
                "insert into ops.run (dag_id, run_id, now_at) values (%s, %s, %s)",
                (dag_id, run_id, NOW + minutes * MINUTE),
            )
            conn.execute(
                """
                insert into ops.batch (dag_id, run_id, merchant_id, status)
                values (%s, %s, 'shop', 'published'), (%s, %s, 'other', 'held')
                """,
                (dag_id, run_id, dag_id, run_id),
            )
    check_freshness(dsn, NOW)
    assert len(active(dsn)) == 5
    with connect(dsn) as conn:
        conn.execute("update ops.batch set status = 'published'")
    check_freshness(dsn, NOW + 6 * MINUTE)
    assert sorted(active(dsn)) == ["run_failed/housekeeping/a", "source/w1/a", "stale/shop"]


def test_an_alert_is_raised_once_while_it_lasts_and_anew_after_its_end(dsn: str) -> None:
    key = token_key("shop")
    with connect(dsn) as conn:
        assert raise_alert(conn, key, "shop", "token_refused", "first", NOW)
        assert not raise_alert(conn, key, "shop", "token_refused", "again", NOW + MINUTE)
        assert clear_alert(conn, key, NOW + 2 * MINUTE)
        assert not clear_alert(conn, key, NOW + 3 * MINUTE)
        assert raise_alert(conn, key, "shop", "token_refused", "second", NOW + 4 * MINUTE)
        (row,) = conn.execute("select message, raised_at, cleared_at from ops.alert").fetchall()
    assert row == {"message": "second", "raised_at": NOW + 4 * MINUTE, "cleared_at": None}


class Postbox:
    """A real mail server that keeps what it gets."""

    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 taken"


@pytest.fixture
def postbox() -> Iterator[tuple[Postbox, MailServer]]:
    box = Postbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield box, MailServer("127.0.0.1", port, "alerts@example.kz")
    finally:
        controller.stop()


def told(conn: Connection) -> int:
    row = conn.execute("select count(*) as n from ops.alert where told_at is not null").fetchone()
    assert row is not None
    return int(row["n"])


def test_all_that_is_new_is_one_mail_and_each_activation_one_line(
    dsn: str, postbox: tuple[Postbox, MailServer]
) -> None:
    box, server = postbox
    with connect(dsn) as conn:
        raise_alert(conn, token_key("shop"), "shop", "token_refused", "a secret of the log", NOW)
        raise_alert(conn, "run_failed/restock_sync/a", "*", "run_failed", "…", NOW + MINUTE)
    for n in range(3):
        tell(dsn, server, "task#1", NOW + n * MINUTE)
    (mail,) = box.mails
    assert mail["To"] == "data-team@example.kz"
    text = mail.get_content()
    assert "Алма" in text and "restock_sync" in text and "secret" not in text
    with connect(dsn) as conn:
        assert told(conn) == 2
        # the same flow fails again while its first failure is not over: no news
        raise_alert(conn, "run_failed/restock_sync/b", "*", "run_failed", "…", NOW + 2 * MINUTE)
        clear_alert(conn, token_key("shop"), NOW + 3 * MINUTE)
    assert tell(dsn, server, "task#1", NOW)["written"] == 0
    with connect(dsn) as conn:
        raise_alert(conn, token_key("shop"), "shop", "token_refused", "…", NOW + 4 * MINUTE)
    tell(dsn, server, "task#1", NOW + 5 * MINUTE)
    assert len(box.mails) == 2
    assert "Алма" in box.mails[1]["Subject"]


def test_two_tasks_that_tell_at_once_write_one_mail(dsn: str, postbox: tuple[Postbox, MailServer]) -> None:
    box, server = postbox
    with connect(dsn) as conn:
        raise_alert(conn, token_key("shop"), "shop", "token_refused", "…", NOW)
    threads = [threading.Thread(target=tell, args=(dsn, server, f"task {n}#1", NOW)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(box.mails) == 1


def test_a_mail_server_that_is_away_loses_nothing(dsn: str, postbox: tuple[Postbox, MailServer]) -> None:
    box, server = postbox
    with connect(dsn) as conn:
        raise_alert(conn, token_key("shop"), "shop", "token_refused", "…", NOW)
    away = MailServer("127.0.0.1", 9, "alerts@example.kz")
    assert tell(dsn, away, "task#1", NOW) == {"written": 1, "sent": 0, "queued": 1, "dead": 0, "unknown": 0}
    assert tell(dsn, server, "task#1", NOW)["sent"] == 1
    assert len(box.mails) == 1


def test_nobody_is_written_to_where_no_team_is_named(dsn: str, postbox: tuple[Postbox, MailServer]) -> None:
    box, server = postbox
    with connect(dsn) as conn:
        conn.execute("update ops.setting set value = 'null' where name = 'team_email'")
        raise_alert(conn, token_key("shop"), "shop", "token_refused", "…", NOW)
    assert tell(dsn, server, "task#1", NOW)["written"] == 0
    assert box.mails == []


def test_looking_after_the_alerts_never_fails_the_run_that_does_it(
    dsn: str, postbox: tuple[Postbox, MailServer], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    box, server = postbox
    found = airflow_context.Endpoint(
        "127.0.0.1", port=server.port, extra={"from_email": "a@b.kz", "disable_ssl": True, "disable_tls": True}
    )
    monkeypatch.setattr(airflow_context, "warehouse_dsn", lambda: dsn)
    monkeypatch.setattr(airflow_context, "clock", Fixed)
    monkeypatch.setattr(airflow_context, "owner", lambda: "task#1")
    monkeypatch.setattr(airflow_context, "optional_connection", lambda _name: found)
    alerts.look_after()
    assert list(active(dsn)) == ["stale/shop"]
    assert len(box.mails) == 1
    monkeypatch.setattr(airflow_context, "optional_connection", lambda _name: None)
    alerts.look_after()
    assert "no connection smtp_reports" in caplog.text
    monkeypatch.setattr(airflow_context, "warehouse_dsn", lambda: "postgresql://nobody@127.0.0.1:9/none")
    alerts.look_after()
    assert "could not be looked after" in caplog.text
    alerts.run_failed({"dag_run": type("Run", (), {"dag_id": "d", "run_id": "r"})()})
    assert "could not be stored" in caplog.text
