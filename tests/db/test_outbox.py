"""The outbox against real SMTP conversations: sent means 250, a lost answer is unknown."""

import datetime as dt
from email.message import EmailMessage

import pytest

from include.db.connection import Connection
from include.db.lease import hold
from include.notify.outbox import TRIES, MailServer, mail_server, queue, send_queued
from tests.gateways import closed_port, smtp

NOW = dt.datetime(2026, 11, 16, 3, 5, tzinfo=dt.UTC)
KIND = "kpi_weekly"


def note(text: str = "hello") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.kz", "b@example.kz", "note"
    message.set_content(text)
    return message


def send(conn: Connection, server: MailServer) -> dict[str, int]:
    with hold(conn, "outbox:test", "test") as lease:
        return send_queued(lease, KIND, server, NOW)


def written(conn: Connection, key: str = "k") -> bool:
    with conn.transaction():
        return queue(conn, key, "alpha", KIND, note(), NOW)


def state(conn: Connection, key: str = "k") -> tuple[str, int, bool]:
    row = conn.execute("select status, attempts, sent_at from ops.outbox where message_key = %s", (key,)).fetchone()
    conn.commit()
    assert row is not None
    return row["status"], row["attempts"], row["sent_at"] == NOW


def test_sent_is_recorded_after_250_and_never_sent_again(empty_warehouse: Connection) -> None:
    assert written(empty_warehouse)
    with smtp(b"250 kept\r\n") as (server, taken):
        assert send(empty_warehouse, server)["sent"] == 1
        assert send(empty_warehouse, server)["sent"] == 0
        assert len(taken) == 1
    assert state(empty_warehouse) == ("sent", 1, True)


def test_a_key_keeps_its_first_message(empty_warehouse: Connection) -> None:
    assert written(empty_warehouse)
    with empty_warehouse.transaction():
        assert queue(empty_warehouse, "k", "alpha", KIND, note("another"), NOW) is False
    row = empty_warehouse.execute("select message from ops.outbox").fetchone()
    assert row is not None
    assert b"hello" in bytes(row["message"])


def test_a_lost_answer_is_unknown_and_not_tried_again(empty_warehouse: Connection) -> None:
    written(empty_warehouse)
    with smtp(None) as (server, taken):
        assert send(empty_warehouse, server)["unknown"] == 1
        assert send(empty_warehouse, server) == {"sent": 0, "queued": 0, "dead": 0, "unknown": 0}
        assert len(taken) == 1
    assert state(empty_warehouse) == ("unknown", 1, False)


def test_a_sender_that_died_in_the_middle_leaves_unknown(empty_warehouse: Connection) -> None:
    written(empty_warehouse)
    empty_warehouse.execute("update ops.outbox set status = 'sending', attempts = 1")
    empty_warehouse.commit()
    with smtp(b"250 kept\r\n") as (server, taken):
        assert send(empty_warehouse, server)["unknown"] == 1
        assert taken == []


@pytest.mark.parametrize(("answer", "status"), [(b"550 no\r\n", "dead"), (b"451 later\r\n", "queued")])
def test_a_refusal_for_good_is_dead_and_one_for_now_stays_queued(
    empty_warehouse: Connection, answer: bytes, status: str
) -> None:
    written(empty_warehouse)
    with smtp(answer) as (server, _taken):
        assert send(empty_warehouse, server)[status] == 1
    assert state(empty_warehouse) == (status, 1, False)


def test_a_refused_recipient_gets_no_data(empty_warehouse: Connection) -> None:
    written(empty_warehouse)
    with smtp(b"250 kept\r\n", rcpt=b"550 nobody here\r\n") as (server, taken):
        assert send(empty_warehouse, server)["dead"] == 1
        assert taken == []


def test_a_server_that_is_away_is_tried_again_but_not_for_ever(empty_warehouse: Connection) -> None:
    written(empty_warehouse)
    nobody = MailServer("127.0.0.1", closed_port(), "a@example.kz")
    for _ in range(TRIES - 1):
        assert send(empty_warehouse, nobody)["queued"] == 1
    assert send(empty_warehouse, nobody)["dead"] == 1


def test_the_connections_words_become_a_server() -> None:
    plain = mail_server("h", 1025, "", "", {"from_email": "a@b.kz", "disable_ssl": True, "disable_tls": True})
    assert (plain.port, plain.tls, plain.starttls, plain.login) == (1025, False, False, None)
    assert mail_server("h", None, "u", "p", {"from_email": "a@b.kz"}).tls
    assert mail_server("h", 587, "u", "p", {"from_email": "a@b.kz", "disable_ssl": True}).starttls
    with pytest.raises(ValueError, match="from_email"):
        mail_server("h", 25, None, None, {})
