"""Mail is written down first and sent afterwards, once for each key.

A message has a key; a second one under the same key is not accepted, the first one's bytes stay as sent.
``sent`` is recorded after the server's 250 only. A try whose answer was lost is ``unknown`` and is never tried
again by itself: the receiver may have it already (its Message-ID tells a person who looks).
"""

import datetime as dt
import hashlib
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY

from include.db.connection import Connection
from include.db.lease import Lease
from include.db.statements import run

TIMEOUT_SECONDS = 30
TRIES = 5
# Codes of what became of a message; see Sending.code.
NO_CONNECTION = "no_connection"
ANSWER_LOST = "answer_lost"


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail goes out. ``security`` as the connection says: none, STARTTLS, or TLS from the start."""

    host: str
    port: int
    sender: str
    login: str | None = None
    password: str | None = field(default=None, repr=False)
    starttls: bool = False
    tls: bool = False


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as bytes, and to whom it is handed over: the envelope, whatever its header To says."""

    recipient: str
    subject: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sending:
    """What became of one message: ``sent``, ``queued`` (try again later), ``dead`` (refused), or ``unknown``.

    ``error`` may quote what the other side answered, and so name people; ``code`` never does.
    """

    status: str
    error: str | None = None
    code: str | None = None


def queue(conn: Connection, key: str, merchant_id: str, kind: str, message: EmailMessage, now: dt.datetime) -> bool:
    """Write ``message`` down under ``key``; return False, changing nothing, when that key was taken before."""
    letter = Letter(str(message["To"]), str(message["Subject"]), message.as_bytes(policy=SMTP_POLICY))
    return queue_bytes(conn, key, merchant_id, kind, letter, now)


def queue_bytes(conn: Connection, key: str, merchant_id: str, kind: str, letter: Letter, now: dt.datetime) -> bool:
    """Write down a message that is bytes already, in the same way."""
    row = run(
        conn,
        "ops/outbox",
        message_key=key,
        merchant_id=merchant_id,
        kind=kind,
        recipient=letter.recipient,
        subject=letter.subject,
        message=letter.body,
        sha256=hashlib.sha256(letter.body).digest(),
        now=now,
    ).fetchone()
    return row is not None


def send_queued(lease: Lease, kind: str, server: MailServer, now: dt.datetime) -> dict[str, int]:
    """Send what is queued of ``kind``; return how many messages ended as what.

    The lease makes this the only sender. Whatever it finds in ``sending`` was begun by a sender that died
    without knowing the outcome, and becomes ``unknown``.
    """
    with lease.transaction() as conn:
        lost = run(conn, "ops/outbox__give_up_sending", kind=kind).rowcount
        waiting = run(conn, "ops/outbox__queued", kind=kind).fetchall()
    counts = {"sent": 0, "queued": 0, "dead": 0, "unknown": lost}
    for row in waiting:
        with lease.transaction() as conn:
            begun = run(conn, "ops/outbox__begin_sending", message_key=row["message_key"]).rowcount
        if not begun:
            continue
        result = deliver(server, row["recipient"], bytes(row["message"]))
        if result.status == "queued" and row["attempts"] + 1 >= TRIES:
            result = Sending("dead", f"given up after {TRIES} tries: {result.error}")
        with lease.transaction() as conn:
            run(
                conn,
                "ops/outbox__end_sending",
                message_key=row["message_key"],
                status=result.status,
                error=result.error,
                now=now,
            )
        counts[result.status] += 1
    return counts


def deliver(server: MailServer, recipient: str, body: bytes) -> Sending:
    """Hand one message to the mail server; never raises, says what is known."""
    try:
        client = _connect(server)
    except (OSError, smtplib.SMTPException) as error:
        return Sending("queued", f"no session with the mail server: {_words(error)}", NO_CONNECTION)
    try:
        for step, argument in (("mail", server.sender), ("rcpt", recipient)):
            code, answer = getattr(client, step)(argument)
            if code >= 400:
                _close(client)
                return _refused(step, code, f"{step} refused: {code} {answer!r}")
    except (OSError, smtplib.SMTPException) as error:
        _close(client)
        return Sending("queued", f"the session broke before the message: {_words(error)}", NO_CONNECTION)
    result = _transfer(client, body)
    _close(client)
    return result


def _transfer(client: smtplib.SMTP, body: bytes) -> Sending:
    """Send the body. From its first byte to the server's answer, a broken line means that nobody knows."""
    try:
        code, answer = client.data(body)
    except smtplib.SMTPDataError as error:  # the server did not want any data: nothing was transferred
        return _refused("data", error.smtp_code, f"data refused: {_words(error)}")
    except (OSError, smtplib.SMTPException) as error:
        return Sending("unknown", f"the answer to the message was lost: {_words(error)}", ANSWER_LOST)
    if code == 250:
        return Sending("sent")
    return _refused("message", code, f"message refused: {code} {answer!r}")


def _refused(step: str, code: int, error: str) -> Sending:
    return Sending("dead" if code >= 500 else "queued", error, f"smtp_{step}_{code}")


def _connect(server: MailServer) -> smtplib.SMTP:
    client: smtplib.SMTP
    if server.tls:
        client = smtplib.SMTP_SSL(
            server.host, server.port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context()
        )
    else:
        client = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
    try:
        client.ehlo_or_helo_if_needed()
        if server.starttls:
            client.starttls(context=ssl.create_default_context())
            client.ehlo()
        if server.login:
            client.login(server.login, server.password or "")
    except BaseException:
        client.close()
        raise
    return client


def _close(client: smtplib.SMTP) -> None:
    """Say goodbye; by now it does not matter whether the server hears it."""
    try:
        client.quit()
    except (OSError, smtplib.SMTPException):
        client.close()


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def mail_server(
    host: str, port: int | None, login: str | None, password: str | None, extra: dict[str, object]
) -> MailServer:
    """Return the server of a connection in Airflow's SMTP terms: TLS and STARTTLS are on unless switched off."""
    tls = not extra.get("disable_ssl", False)
    sender = extra.get("from_email")
    if not sender:
        raise ValueError("the mail connection names no sender: set from_email in its extra fields")
    return MailServer(
        host=host,
        port=port or (465 if tls else 25),
        sender=str(sender),
        login=login or None,
        password=password or None,
        starttls=not tls and not extra.get("disable_tls", False),
        tls=tls,
    )
