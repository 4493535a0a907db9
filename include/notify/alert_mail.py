"""The mail about new alerts: one for all that arose since the last, in the team's language, naming no person."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime

from include.clock import ALMATY
from include.locale.labels import alert_words
from include.locale.words import words
from include.reports.subject import Subject


@dataclass(frozen=True, slots=True)
class Alert:
    """One activation of an alert; ``name`` is the merchant's."""

    alert_key: str
    merchant_id: str
    kind: str
    message: str
    raised_at: dt.datetime
    name: str


def message_key(alerts: Sequence[Alert]) -> str:
    """Return the outbox key: the same activations are one mail."""
    told = "\n".join(f"{alert.alert_key}@{alert.raised_at.isoformat()}" for alert in alerts)
    return f"alert/{hashlib.sha256(told.encode()).hexdigest()[:32]}"


def compose(alerts: Sequence[Alert], sender: str, recipient: str, language: str, now: dt.datetime) -> EmailMessage:
    """Return the whole message: a sentence an alert, with when it began."""
    speech = words(language)
    _ = speech._
    sentences = [alert_words(speech, alert.kind, alert.alert_key, alert.name, alert.message) for alert in alerts]
    subject = sentences[0]
    if len(alerts) > 1:
        subject = speech.n_("Needs a person: {count} trouble", "Needs a person: {count} troubles", len(alerts))
    lines = [f"{speech.moment(alert.raised_at)}  {text}" for alert, text in zip(alerts, sentences, strict=True)]
    lines += [
        "",
        _("The console's page «Quality» shows what is still open; docs/runbook.md says what to do."),
        _("Each trouble is told once while it lasts."),
    ]
    message = EmailMessage()
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = Subject(f"Qaitarym: {subject}")
    message["Date"] = format_datetime(now.astimezone(ALMATY))
    message["Message-ID"] = f"<{message_key(alerts).replace('/', '.')}@qaitarym>"
    message["Content-Language"] = speech.language
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(lines) + "\n", cte="base64")
    return message
