"""The mail to the data team when the daily comparison of stock finds something: by cause, with money and age."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from include.clock import ALMATY
from include.locale import stock_labels
from include.locale.words import Words, words
from include.notify.letters import render
from include.reports.subject import Subject

KIND = "restock_daily"
SHOWN = 20  # of a cause


@dataclass(frozen=True, slots=True)
class Difference:
    """A row of ``report/offer_differences``: one cause at one offer. ``money`` is in whole tenge."""

    merchant_id: str
    merchant: str
    store_id: str
    offer_sku: str
    cause: str
    expected: int | None
    found: int | None
    pieces: int
    money: int
    detail: str | None
    since: dt.datetime
    version: int | None


@dataclass(frozen=True, slots=True)
class Compared:
    """What one run found. ``held`` are the names of merchants whose stock could not be compared."""

    differences: Sequence[Difference]
    held: Sequence[str]
    now: dt.datetime

    @property
    def agrees(self) -> bool:
        """Tell whether there is nothing to say."""
        return not self.differences and not self.held

    @property
    def key(self) -> str:
        """Return the outbox key: the same day with the same differences of the same lists is one mail."""
        rows = sorted(
            f"{one.merchant_id}\t{one.store_id}\t{one.offer_sku}\t{one.cause}\t{one.expected}\t{one.found}\t{one.version}"
            for one in self.differences
        )
        told = hashlib.sha256("\n".join([*rows, *sorted(self.held)]).encode()).hexdigest()[:32]
        return f"{KIND}/{self.now.astimezone(ALMATY).date().isoformat()}/{told}"


def compose(compared: Compared, sender: str, recipient: str, language: str) -> EmailMessage:
    """Return the whole message."""
    import mjml

    speech = words(language)
    subject = _subject(compared, speech)
    content = {
        "words": speech,
        "_": speech._,
        "n_": speech.n_,
        "subject": subject,
        "held": list(compared.held),
        "groups": [
            _group(cause, these, speech)
            for cause in stock_labels.CAUSES
            if (these := [one for one in compared.differences if one.cause == cause])
        ],
        "now": compared.now,
    }
    message = EmailMessage()
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = Subject(f"Qaitarym: {subject}")
    message["Date"] = format_datetime(compared.now.astimezone(ALMATY))
    message["Message-ID"] = f"<{compared.key.replace('/', '.')}@qaitarym>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(render("stock.txt.j2", content), cte="base64")
    message.add_alternative(str(mjml.mjml2html(render("stock.mjml.j2", content))), subtype="html", cte="base64")
    message["Content-Language"] = speech.language  # before there are parts, it would become the first one's
    return message


def _subject(compared: Compared, speech: Words) -> str:
    offers = {(one.merchant_id, one.store_id, one.offer_sku) for one in compared.differences}
    said = []
    if offers:
        said.append(speech.n_("{count} offer differs", "{count} offers differ", len(offers)))
        said.append(speech.money(at_stake(compared.differences)))
    if compared.held:
        said.append(speech.n_("{count} shop not compared", "{count} shops not compared", len(compared.held)))
    return speech._("Stock on Kaspi: {found}", found=", ".join(said))


def at_stake(differences: Sequence[Difference]) -> int:
    """Return tenge at stake: of an offer that differs for several causes the largest, as they are the same pieces."""
    worst: dict[tuple[str, str, str], int] = {}
    for one in differences:
        offer = (one.merchant_id, one.store_id, one.offer_sku)
        worst[offer] = max(worst.get(offer, 0), one.money)
    return sum(worst.values())


def _group(cause: str, differences: Sequence[Difference], speech: Words) -> dict[str, Any]:
    money = sum(one.money for one in differences)
    return {
        "title": stock_labels.cause_name(speech, cause),
        "advice": stock_labels.advice(speech, cause),
        "pieces": speech.n_("{count} piece", "{count} pieces", sum(one.pieces for one in differences)),
        "money": speech.money(money) if money else "",
        "lines": [
            {
                "offer": one.offer_sku,
                "where": f"{one.merchant}, {one.store_id}",
                "told": stock_labels.told(speech, cause, one.expected, one.found, one.detail),
                "money": speech.money(one.money) if one.money else "",
                "since": speech.moment(one.since),
            }
            for one in differences[:SHOWN]
        ],
        "more": max(len(differences) - SHOWN, 0),
    }
