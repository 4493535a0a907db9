"""Kaspi and its buyers: what they see of a merchant, the hourly pull of his list, and what they buy."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, Protocol

import requests

from include.sandbox.moments import iso
from include.sandbox.price_list import BadPriceList, Offer, read

PULL_MINUTE = 20
PULL_TIMEOUT_SECONDS = 15
USER_AGENT = "KaspiPriceListLoader/1.0"
AWAKE = range(8, 23)
BUYS_A_PIECE = 0.027
"""Chance that a visible returned piece is bought within one waking hour: about a third in a day."""
CANCELS = 0.1


@dataclass
class Pull:
    """One GET of a merchant's list by Kaspi, and what came of it. ``body`` is kept only when it changed."""

    merchant_id: str
    at: dt.datetime
    status: int
    version: str | None = None
    etag: str | None = None
    changed: bool = False
    body: str | None = None
    problem: str | None = None


class Puller(Protocol):
    """Whoever fetches a list: the network, or the record of an earlier run."""

    def __call__(self, merchant_id: str, url: str, etag: str | None, at: dt.datetime) -> Pull:
        """Fetch the list at ``url`` unless it still bears ``etag``."""
        ...


def fetch(merchant_id: str, url: str, etag: str | None, at: dt.datetime) -> Pull:
    """Pull a list over HTTP. Never raises: what went wrong is told in ``problem``."""
    headers = {"User-Agent": USER_AGENT, "Accept": "application/xml, text/xml"}
    if etag:
        headers["If-None-Match"] = etag
    try:
        answer = requests.get(url, headers=headers, timeout=PULL_TIMEOUT_SECONDS)
    except requests.RequestException as error:
        return Pull(merchant_id, at, 0, problem=f"no answer: {type(error).__name__}")
    pull = Pull(
        merchant_id,
        at,
        answer.status_code,
        version=answer.headers.get("X-Feed-Version"),
        etag=answer.headers.get("ETag"),
    )
    if answer.status_code == 200:
        pull.body = answer.content.decode("utf-8", "replace")
    elif answer.status_code != 304:
        pull.problem = f"HTTP {answer.status_code}"
    return pull


@dataclass
class View:
    """What buyers see of one merchant; ``known`` also holds offers that went off sale."""

    offers: dict[str, Offer]
    etag: str | None = None
    body: str | None = None
    known: dict[str, Offer] = field(default_factory=dict)

    def take(self, sku: str, quantity: int) -> None:
        """Lower the shown quantity when an order is placed."""
        self._step(sku, -quantity)

    def give_back(self, sku: str, quantity: int) -> None:
        """Raise it again when an order is cancelled before hand-over."""
        self._step(sku, quantity)

    def _step(self, sku: str, by: int) -> None:
        offer = self.offers.get(sku)
        if offer is not None and offer.quantity is not None:
            offer.quantity = max(0, offer.quantity + by)

    def replace(self, pull: Pull) -> bool:
        """Take over a pulled list; return whether it differed. A bad one is noted and the old view stays."""
        if pull.status != 200 or pull.body is None:
            return False
        if pull.body == self.body:
            self.etag = pull.etag
            return False
        try:
            offers = read(pull.body.encode())
        except BadPriceList as error:
            pull.problem = str(error)
            return False
        self.known.update(self.offers)
        self.offers, self.body, self.etag = offers, pull.body, pull.etag
        pull.changed = True
        return True

    def as_seen(self, now: dt.datetime) -> dict[str, Any]:
        """Return the answer to "what does each offer look like to a buyer?"."""
        gone = [offer for sku, offer in self.known.items() if sku not in self.offers]
        shown = [_seen(offer, offer.on_sale, offer.quantity) for offer in self.offers.values()]
        return {"as_of": iso(now), "offers": shown + [_seen(offer, False, 0) for offer in gone]}


def _seen(offer: Offer, on_sale: bool, quantity: int | None) -> dict[str, Any]:
    return {
        "sku": offer.sku, "store_id": offer.store_id, "on_sale": on_sale, "price": offer.price,
        "quantity": quantity,
    }  # fmt: skip


@dataclass
class Sale:
    """An order the buyer placed because of a list. ``unit_label``: the piece the warehouse will take."""

    order_code: str
    merchant_id: str
    offer_sku: str
    from_base: bool
    ordered_at: dt.datetime
    unit_label: str | None
    handed_over_at: dt.datetime | None
    cancelled_at: dt.datetime | None

    def stands(self, now: dt.datetime) -> bool:
        """Tell whether the piece is still spoken for at ``now``."""
        return self.ordered_at <= now and (self.cancelled_at is None or self.cancelled_at > now)
