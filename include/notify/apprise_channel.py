"""SMS, WhatsApp, Telegram, e-mail or any gateway of the merchant's: all by one Apprise address in a connection.

In the address ``{phone}`` and the like stand for the buyer's. Apprise answers yes or no; what happened on the line is
seen beside it (include/notify/exchanges.py), and by mail the conversation is ours.
"""

import datetime as dt
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from string import Formatter
from typing import Any
from urllib.parse import quote

from apprise import Apprise, AppriseAsset, NotifyFormat, PersistentStoreMode
from apprise.plugins.email import NotifyEmail
from apprise.plugins.email.common import SecureMailMode

from include.notify.channels import Address, ChannelError
from include.notify.exchanges import judge, watching
from include.notify.letters import Letter, mime
from include.notify.outbox import MailServer, Sending, deliver

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 30.0
PER_MINUTE = 30.0
# Who speaks of addresses and texts while a message is sent, in its log or in errors.
TALKATIVE = ("apprise", "urllib3", "requests", "charset_normalizer")
SAMPLE = {"phone": "77010000000", "email": "a@example.kz", "telegram": "100200300", "key": "arrived.0"}


@dataclass(frozen=True, slots=True)
class AppriseChannel:
    """A channel by an Apprise address, like ``twilio://{sid}:{token}@77010000000/{phone}`` with the secrets filled in.

    Raises ChannelError for an address that Apprise does not know, or over which nobody could tell what became of a
    message: what it sends neither by HTTP nor by SMTP.
    """

    url: str = field(repr=False)
    deduplicates: bool = False
    keeps_quiet_hours: bool = True
    per_minute: float = PER_MINUTE

    def __post_init__(self) -> None:
        if placeholders(self.url) - SAMPLE.keys():
            raise ChannelError(f"its address has something else in braces than {', '.join(SAMPLE)}")
        if self.per_minute < 1:
            raise ChannelError("per_minute is at least 1")
        with silence():
            service = _service(self.url, SAMPLE)
        if service is None:
            raise ChannelError("Apprise does not understand its address")
        if not isinstance(service, NotifyEmail) and not hasattr(sys.modules[type(service).__module__], "requests"):
            raise ChannelError(f"{service.service_name} is neither HTTP nor mail: nobody could tell what was sent")
        if self.deduplicates and "key" not in placeholders(self.url):
            raise ChannelError("it is said to remove repeated messages, but no {key} in its address tells them apart")

    def deliver(self, key: str, address: Address, letter: Letter, now: dt.datetime) -> Sending:
        """Send one message; whatever goes wrong is said by a code, which names nobody."""
        names = address.names(key)
        if placeholders(self.url) - names.keys():
            return Sending("dead", code="no_address")
        with silence(), watching() as exchanges:
            try:
                service = _service(self.url, names)
                if service is None:
                    return Sending("dead", code="address_refused")
                if isinstance(service, NotifyEmail):
                    return _by_mail(service, key, letter, now)
                return judge(_by_http(service, letter), exchanges)
            except Exception as error:
                # in Apprise or one of its services; what was seen on the line decides
                return judge(False, exchanges) if exchanges else Sending("dead", code=f"error_{type(error).__name__}")


def channel_of(url: str | None, extra: Mapping[str, Any]) -> AppriseChannel:
    """Return the channel of a connection: the address is its password, the rest its extra fields."""
    if not url:
        raise ChannelError("it has no address: put the Apprise address into the connection's password")
    try:
        per_minute = float(extra.get("per_minute") or PER_MINUTE)
    except (TypeError, ValueError) as error:
        raise ChannelError("per_minute is a number") from error
    return AppriseChannel(
        url,
        deduplicates=extra.get("deduplicates", False) is True,
        keeps_quiet_hours=extra.get("quiet_hours", True) is not False,
        per_minute=per_minute,
    )


def placeholders(url: str) -> set[str]:
    """Return the names in braces. Raises ChannelError where the braces are not closed."""
    try:
        return {name for _, name, _, _ in Formatter().parse(url) if name is not None}
    except ValueError as error:
        raise ChannelError("its address has a brace too many") from error


@contextmanager
def silence() -> Iterator[None]:
    """Let no library write of a message into any log: neither to whom nor what."""
    loggers = [logging.getLogger(name) for name in TALKATIVE]
    levels = [one.level for one in loggers]
    for one in loggers:
        one.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for one, level in zip(loggers, levels, strict=True):
            one.setLevel(level)


def _service(url: str, names: Mapping[str, str]) -> Any:
    """Return Apprise's service for an address with its placeholders filled in; None where it refuses it."""
    asset = AppriseAsset(
        app_id="Qaitarym", app_desc="Qaitarym", async_mode=False, storage_mode=PersistentStoreMode.MEMORY
    )
    return Apprise.instantiate(
        url.format_map({name: quote(value, safe="") for name, value in names.items()}),
        asset=asset,
        suppress_exceptions=True,
    )


def _by_http(service: Any, letter: Letter) -> bool:
    service.socket_connect_timeout, service.socket_read_timeout = CONNECT_SECONDS, ANSWER_SECONDS
    sender = Apprise(asset=service.asset)
    sender.add(service)
    return bool(sender.notify(body=letter.text, body_format=NotifyFormat.TEXT))


def _by_mail(service: NotifyEmail, key: str, letter: Letter, now: dt.datetime) -> Sending:
    """Send by SMTP. The address is Apprise's, the conversation is ours: Apprise's does not tell how it ended."""
    if len(service.targets) != 1:
        return Sending("dead", code="address_refused")
    server = MailServer(
        service.smtp_host,
        service.port,
        service.from_addr[1],
        login=service.user if service.password else None,
        password=service.password,
        starttls=service.secure_mode == SecureMailMode.STARTTLS,
        tls=service.secure_mode == SecureMailMode.SSL,
    )
    recipient = service.targets[0][1]
    return deliver(server, recipient, mime(letter, key, server.sender, recipient, now))
