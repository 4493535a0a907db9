"""The mail to a merchant about what he owes: decisions and claims, the most urgent first. It names no person."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from include.clock import ALMATY
from include.locale.words import Words, words
from include.notify.letters import render
from include.reports.subject import Subject

SHOWN = 30  # of a kind


@dataclass(frozen=True, slots=True)
class Owed:
    """One thing a merchant is told: its kind (of ``ops.merchant_notice``), and until when. Amounts are whole tenge."""

    kind: str
    order_code: str | None
    amount: int | None
    due_at: dt.datetime


def _(text: str) -> str:
    """Mark a text for the catalogues."""
    return text


# In the order of the mail: heading, and what is to be done.
GROUPS: dict[str, tuple[str, str]] = {
    "decision_near": (
        _("Decide today"),
        _("Without your decision Kaspi refunds the buyer by itself when the time is over."),
    ),
    "claim_near": (
        _("Claims that run out soon"),
        _("Send the carrier the claim's packet: it is on the console, with the photos and the act."),
    ),
    "decision_owed": (
        _("Returns that arrived and wait for your decision"),
        _("Decide in the cabinet, «Returns», «Waiting for a decision». Silence counts as a yes."),
    ),
    "claim_new": (_("New claims against the carrier"), _("The packet is on the console; check it and send it.")),
    "decision_passed": (
        _("The time to decide is over"),
        _("Kaspi refunds the buyer by itself, as far as we know of no decision of yours."),
    ),
    "claim_expired": (_("Claims that were not sent in time"), _("The carrier does not pay for them any more.")),
}


def compose(
    owed: Sequence[Owed], name: str, key: str, sender: str, recipient: str, language: str, now: dt.datetime
) -> EmailMessage:
    """Return the whole message. ``name`` is the merchant's, ``key`` the outbox key."""
    import mjml

    speech = words(language)
    content = {
        "words": speech,
        "_": speech._,
        "n_": speech.n_,
        "name": name,
        "subject": _subject(owed, speech),
        "groups": [_group(kind, these, speech) for kind in GROUPS if (these := [o for o in owed if o.kind == kind])],
        "now": now,
    }
    message = EmailMessage()
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = Subject(f"{name}: {content['subject']}")
    message["Date"] = format_datetime(now.astimezone(ALMATY))
    message["Message-ID"] = f"<{key.replace('/', '.')}@qaitarym>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(render("owed.txt.j2", content), cte="base64")
    message.add_alternative(str(mjml.mjml2html(render("owed.mjml.j2", content))), subtype="html", cte="base64")
    message["Content-Language"] = speech.language  # before there are parts, it would become the first one's
    return message


def _subject(owed: Sequence[Owed], speech: Words) -> str:
    decisions = sum(one.kind in ("decision_owed", "decision_near") for one in owed)
    claims = sum(one.kind in ("claim_new", "claim_near") for one in owed)
    said = []
    if decisions:
        said.append(speech.n_("{count} decision is due", "{count} decisions are due", decisions))
    if claims:
        said.append(speech.n_("{count} claim to send", "{count} claims to send", claims))
    return ", ".join(said) or speech._("Deadlines that have passed")


def _group(kind: str, owed: list[Owed], speech: Words) -> dict[str, Any]:
    title, advice = GROUPS[kind]
    money = sum(one.amount or 0 for one in owed)
    return {
        "title": speech._(title),
        "advice": speech._(advice),
        "money": speech.money(money) if money else "",
        "urgent": kind.endswith("_near"),
        "lines": [
            {
                "order": speech._("Order {order_code}", order_code=one.order_code or "—"),
                "until": until(speech, one.due_at),
                "amount": speech.money(one.amount) if one.amount else "",
            }
            for one in owed[:SHOWN]
        ],
        "more": max(len(owed) - SHOWN, 0),
    }


def until(speech: Words, due_at: dt.datetime) -> str:
    """Return a deadline in words: a midnight is the end of the day before."""
    local = due_at.astimezone(ALMATY)
    if local.time() == dt.time():
        return speech._("to the end of {day}", day=speech.day((local - dt.timedelta(days=1)).date()))
    return speech._("until {moment}", moment=speech.moment(due_at))
