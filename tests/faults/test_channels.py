"""The contract of a channel, kept by every kind we have, on real sockets: what it says is what happened."""

import datetime as dt
import email
import email.policy
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from include.notify import apprise_channel
from include.notify.apprise_channel import AppriseChannel, channel_of
from include.notify.channels import Address, Channel, ChannelError, international
from include.notify.letters import Letter, arrived
from tests.gateways import closed_port, http_gateway, smtp

NOW = dt.datetime(2026, 11, 16, 4, 0, tzinfo=dt.UTC)
NAME, PHONE, EMAIL, TELEGRAM = "Айгүл", "7015550101", "aigul@mail.example", "100200300"
ADDRESS = Address(PHONE, EMAIL, TELEGRAM)
PARAMS = {"order_code": "700123456", "units": 2, "return_kind": "customer_return", "received_on": "2026-11-16"}
KEY = "arrived/6f1c9a52-0a3e-5d8b-9c47-71a17a7a7a31"
HOW = ("taken", "refused", "not now", "lost", "away")


def letter(language: str = "ru") -> Letter:
    return arrived(PARAMS, "Алматы Тех", language, NAME)


@dataclass
class Rig:
    """A channel and what its far end got."""

    channel: Channel
    texts: Callable[[], list[str]] = field(default=list)


@contextmanager
def by_json(how: str) -> Iterator[Rig]:
    """Any gateway of the merchant's that takes JSON and an Idempotency-Key."""
    answers: dict[str, list[int | None]] = {"refused": [400], "not now": [503], "lost": [None]}
    with http_gateway(*answers.get(how, [])) as gateway:
        port = closed_port() if how == "away" else gateway.port
        channel = AppriseChannel(f"json://127.0.0.1:{port}/sms?:phone={{phone}}&+Idempotency-Key={{key}}")
        yield Rig(channel, lambda: [f"{one['phone']} {one['message']}" for one in gateway.requests])


@contextmanager
def by_telegram(how: str) -> Iterator[Rig]:
    """Apprise's own Telegram service, its address turned to the loopback."""
    from apprise.plugins.telegram import NotifyTelegram

    answers: dict[str, list[int | None]] = {"refused": [400], "not now": [429], "lost": [None]}
    with http_gateway(*answers.get(how, [])) as gateway, pytest.MonkeyPatch.context() as patch:
        port = closed_port() if how == "away" else gateway.port
        patch.setattr(NotifyTelegram, "notify_url", f"http://127.0.0.1:{port}/bot")
        channel = AppriseChannel(f"tgram://123456789:{'a' * 32}/{{telegram}}")
        yield Rig(channel, lambda: [f"{one['chat_id']} {one['text']}" for one in gateway.requests])


@contextmanager
def by_mail(how: str) -> Iterator[Rig]:
    after = {"refused": b"554 no\r\n", "not now": b"451 later\r\n", "lost": None}.get(how, b"250 ok\r\n")
    with smtp(after) as (server, taken):
        port = closed_port() if how == "away" else server.port
        url = f"mailto://127.0.0.1:{port}?from=shop@example.kz&to={{email}}"
        yield Rig(AppriseChannel(url), lambda: [_text(body) for body in taken])


def _text(body: bytes) -> str:
    mail = email.message_from_bytes(body.removesuffix(b".\r\n"), policy=email.policy.default)
    part = mail.get_body(("plain",))
    assert part is not None
    return f"{mail['To']} {part.get_content()}"


KINDS = {"json": by_json, "telegram": by_telegram, "mail": by_mail}
REACHED_AT = {"json": "77015550101", "telegram": TELEGRAM, "mail": EMAIL}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("how", "said", "came"),
    [
        ("taken", "sent", 1),
        ("refused", "dead", 1),
        ("not now", "queued", 1),
        ("lost", "unknown", 1),
        ("away", "queued", 0),
    ],
)
def test_what_it_says_is_what_happened(kind: str, how: str, said: str, came: int) -> None:
    with KINDS[kind](how) as rig:
        sending = rig.channel.deliver(KEY, ADDRESS, letter(), NOW)
        assert (sending.status, len(rig.texts())) == (said, came), sending
        assert (sending.code is None) == (said == "sent")
        for text in rig.texts():
            assert REACHED_AT[kind] in text
            assert "Айгүл, ваш возврат по заказу 700123456 поступил: 2 штуки." in text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", HOW)
def test_it_writes_nothing_of_the_buyer_into_any_log_and_nothing_into_its_answer(
    kind: str, how: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("", *apprise_channel.TALKATIVE):
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        with KINDS[kind](how) as rig:
            sending = rig.channel.deliver(KEY, ADDRESS, letter(), NOW)
    finally:
        for name in apprise_channel.TALKATIVE:
            logging.getLogger(name).setLevel(logging.NOTSET)
    out, err = capfd.readouterr()
    said = "\n".join((out, err, caplog.text, repr(sending.code), repr(rig.channel), repr(ADDRESS), repr(letter())))
    assert [word for word in (NAME, PHONE, EMAIL, TELEGRAM, "Проверяем; решение") if word in said] == []


def test_a_gateway_that_is_too_slow_leaves_it_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apprise_channel, "ANSWER_SECONDS", 0.3)
    with http_gateway() as gateway:
        gateway.held.clear()
        channel = AppriseChannel(f"json://127.0.0.1:{gateway.port}/sms?:phone={{phone}}")
        assert channel.deliver(KEY, ADDRESS, letter(), NOW).status == "unknown"
        assert len(gateway.requests) == 1


@pytest.mark.parametrize(
    ("status", "said"), [(200, "sent"), (202, "sent"), (401, "dead"), (404, "dead"), (429, "queued"), (503, "queued"),
                         (500, "unknown"), (502, "unknown"), (504, "unknown")],
)  # fmt: skip
def test_an_error_of_the_gateway_itself_does_not_tell_whether_it_passed_the_message_on(status: int, said: str) -> None:
    with http_gateway(status) as gateway:
        channel = AppriseChannel(f"json://127.0.0.1:{gateway.port}/sms?:phone={{phone}}")
        assert channel.deliver(KEY, ADDRESS, letter(), NOW).status == said


def test_a_key_goes_with_every_try_and_is_the_same() -> None:
    with http_gateway(503, None, deduplicates=True) as gateway:
        channel = AppriseChannel(
            f"json://127.0.0.1:{gateway.port}/?:phone={{phone}}&+Idempotency-Key={{key}}", deduplicates=True
        )
        for _ in range(3):
            channel.deliver(KEY, ADDRESS, letter(), NOW)
        assert [one["key"] for one in gateway.requests] == [KEY] * 3
        assert len(gateway.passed_on) == 1


def test_a_mail_says_who_writes_and_is_the_same_message_each_time() -> None:
    with smtp(b"250 ok\r\n") as (server, taken):
        channel = AppriseChannel(f"mailto://127.0.0.1:{server.port}?from=shop@example.kz&to={{phone}}@sms.example")
        assert channel.deliver(KEY, ADDRESS, letter("kk"), NOW).status == "sent"
        mail = email.message_from_bytes(taken[0], policy=email.policy.default)
    assert mail["From"] == "Алматы Тех <shop@example.kz>"
    assert mail["To"] == "77015550101@sms.example"
    assert mail["Message-ID"] == f"<{KEY.replace('/', '.')}@qaitarym>"
    assert mail["Subject"] == "700123456 тапсырысы бойынша қайтарымыңыз келді"
    assert (mail["Content-Language"], mail["Date"]) == ("kk", "Mon, 16 Nov 2026 09:00:00 +0500")
    page = mail.get_body(("html",))
    assert page is not None and "Сәлеметсіз бе, Айгүл!" in page.get_content()


@pytest.mark.parametrize("missing", ["email", "telegram"])
def test_a_buyer_without_the_channels_address_is_told_nothing(missing: str) -> None:
    urls = {
        "email": "mailto://127.0.0.1?from=a@example.kz&to={email}",
        "telegram": f"tgram://1234567:{'a' * 32}/{{telegram}}",
    }
    sending = AppriseChannel(urls[missing]).deliver(KEY, Address(PHONE), letter(), NOW)
    assert (sending.status, sending.code) == ("dead", "no_address")


def test_an_address_that_the_service_refuses_is_not_called_sent() -> None:
    with http_gateway() as gateway:
        channel = AppriseChannel(f"mailto://127.0.0.1:{gateway.port}?from=a@example.kz&to={{email}}")
        sending = channel.deliver(KEY, Address(PHONE, "no address at all"), letter(), NOW)
        assert (sending.status, sending.code) == ("dead", "address_refused")
        assert gateway.requests == []


@pytest.mark.parametrize(
    ("url", "extra", "why"),
    [
        ("", {}, "no address"),
        (None, {}, "no address"),
        ("nonsense", {}, "does not understand"),
        ("json://host/{name}", {}, "else in braces than phone"),
        ("json://host/{phone", {}, "brace"),
        ("json://host/{phone}", {"deduplicates": True}, "no {key}"),
        ("json://host/{phone}", {"per_minute": "often"}, "a number"),
        ("json://host/{phone}", {"per_minute": 0.1}, "at least 1"),
        ("syslog://", {}, "neither HTTP nor mail"),
    ],
)
def test_a_connection_that_cannot_be_used_says_why_and_no_secret(
    url: str | None, extra: dict[str, object], why: str
) -> None:
    with pytest.raises(ChannelError, match=why) as raised:
        channel_of(url, extra)
    assert "host" not in str(raised.value) and "{name}" not in str(raised.value)


def test_a_connections_extra_says_what_the_channel_is() -> None:
    plain = channel_of("json://host/{phone}", {})
    assert (plain.deduplicates, plain.keeps_quiet_hours, plain.per_minute) == (False, True, 30)
    told = channel_of("json://host/{key}", {"deduplicates": True, "quiet_hours": False, "per_minute": 5})
    assert (told.deduplicates, told.keeps_quiet_hours, told.per_minute) == (True, False, 5)


def test_a_phone_gets_its_country() -> None:
    assert international("7015550101") == "77015550101"
    assert international("+7 (701) 555-01-01") == "77015550101"
    assert international("998901234567") == "998901234567"


def test_the_services_of_the_documents_are_known_to_apprise() -> None:
    """SMS, WhatsApp and Telegram were never tried live; their addresses at least are understood."""
    page = (Path(__file__).parents[2] / "docs" / "notices.md").read_text(encoding="utf-8")
    urls = [line.split("`")[1] for line in page.splitlines() if line.startswith("| ") and "://" in line]
    assert len(urls) >= 6
    for url in urls:
        assert channel_of(url, {}), url


def test_hostile_names_stay_one_short_line() -> None:
    told = arrived(PARAMS, "Shop", "en", "Bob\r\nSubject: x " + "y" * 400)
    assert "\n" not in told.text and len(told.text) < 250
    assert "<b>" not in arrived(PARAMS, "Shop", "en", "<b>Bob</b>").page
    assert json.dumps(told.title)
