"""What a buyer is told: the text in his language, and as a mail. Made for the moment of sending, kept nowhere."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.headerregistry import Address as MailAddress
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from include.clock import ALMATY
from include.locale.words import words
from include.reports.mail_templates import templates_of
from include.reports.subject import Subject

TEMPLATES = Path(__file__).resolve().parent / "templates"
LONGEST_NAME = 40
DECIDED_IN_KASPI = "customer_return"


@dataclass(frozen=True, slots=True)
class Letter:
    """A notice in words: ``text`` is short, for a phone; ``page`` is the same as MJML makes it for a mail."""

    language: str
    shop: str
    title: str
    text: str = field(repr=False)
    page: str = field(repr=False)


def arrived(params: Mapping[str, Any], shop: str, language: str, name: str) -> Letter:
    """Return the letter that tells that goods arrived: how many, of which order, and what comes next.

    ``params`` is what ``ops.notice`` keeps: order_code, units, return_kind, received_on.
    """
    speech = words(language)
    content = {
        "words": speech,
        "_": speech._,
        "name": _one_line(name)[:LONGEST_NAME],
        "shop": shop,
        "order_code": params["order_code"],
        "pieces": speech.n_("{count} piece", "{count} pieces", params["units"]),
        "received_on": speech.day(dt.date.fromisoformat(params["received_on"])),
        "decided_in_kaspi": params["return_kind"] == DECIDED_IN_KASPI,
        "title": speech._("Your return of order {order_code} has arrived", order_code=params["order_code"]),
    }
    return Letter(
        speech.language,
        shop,
        str(content["title"]),
        _one_line(render("arrived.txt.j2", content)),
        render("arrived.mjml.j2", content),
    )


def mime(letter: Letter, key: str, sender: str, recipient: str, now: dt.datetime) -> bytes:
    """Return the letter as a mail. Its Message-ID is the notice's: a server's log tells whether it came."""
    import mjml

    message = EmailMessage()
    message["From"] = MailAddress(letter.shop, addr_spec=sender)
    message["To"] = recipient
    message["Subject"] = Subject(letter.title)
    message["Date"] = format_datetime(now.astimezone(ALMATY))
    message["Message-ID"] = f"<{key.replace('/', '.')}@qaitarym>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(f"{letter.text}\n", cte="base64")
    message.add_alternative(str(mjml.mjml2html(letter.page)), subtype="html", cte="base64")
    message["Content-Language"] = letter.language  # before there are parts, it would become the first one's
    return message.as_bytes(policy=SMTP_POLICY)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def render(name: str, content: Mapping[str, Any]) -> str:
    """Return a template of this package with its content."""
    return templates_of(TEMPLATES).get_template(name).render(content)
