"""Lay returned goods over a merchant's own list. Everything of his comes through as it is."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from include.kaspi.price_list import markup
from include.kaspi.price_list.offers import Availability, Offer
from include.kaspi.price_list.reading import PriceList, PriceListError, read

Facts = Mapping[int, Mapping[str, str]]  # what is set in an offer's rows of stores, by their place


@dataclass(frozen=True, slots=True)
class Addition:
    """So many pieces more on an offer of the merchant's own list."""

    offer_sku: str
    store_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class ResaleOffer:
    """An offer of ours, described like the offer ``copy_of``. ``places`` are (store id, pieces), sorted."""

    offer_sku: str
    copy_of: str
    places: tuple[tuple[str, int], ...]
    price: int


class Unplaced(ValueError):
    """An addition has no place in the list: the caller should have asked :func:`obstacle` first."""


def obstacle(base: PriceList, sku: str, store_id: str) -> str | None:
    """Return why nothing can be added to the offer ``sku`` at ``store_id``, or None where it can.

    An offer without a count, or one that the merchant switched off, is never changed.
    """
    if reason := unreadable(base, sku):
        return reason
    place = base.by_sku[sku].at(store_id)
    if place is None:
        return "the main offer is not sold from this store"
    if not place.available:
        return "the merchant has switched the main offer off"
    if place.stock_count is None:
        return "the main offer has no stockCount"
    return None


def unreadable(base: PriceList, sku: str) -> str | None:
    """Return why the offer ``sku`` cannot serve as a model for a resale offer, or None where it can."""
    if sku not in base.skus:
        return "the main offer is not in the base list"
    if sku not in base.by_sku:
        return "the main SKU stands in the base list more than once"
    return None


def compose(
    base: PriceList, additions: Sequence[Addition], resale: Sequence[ResaleOffer], composed_at: dt.datetime
) -> bytes:
    """Return the list to publish. The bytes are a function of the arguments.

    Only the ``stockCount`` of offers that are added to changes in the base, everything else comes through byte by
    byte; resale offers follow it, sorted by SKU, without a pre-order. The catalogue's ``date`` is ``composed_at`` and
    is no part of the content's hash.
    """
    if not base.offers:
        raise PriceListError("the price list is empty; there is nothing to lay returned goods over")
    changed: dict[int, dict[int, dict[str, str]]] = defaultdict(dict)
    for addition in additions:
        offer, place = _place(base, addition)
        row = offer.availabilities[place]
        count = int(changed[offer.position].get(place, {}).get("stockCount", row.stock_count or 0))
        changed[offer.position][place] = {"stockCount": str(count + addition.quantity)}
    prefix = markup.shelf_prefix(base.body)
    ours = [_offer_text(base, offer, prefix) for offer in sorted(resale, key=lambda one: one.offer_sku)]
    begin, end = markup.root_tag(base.body)
    root = markup.with_attribute(base.body[begin:end], "date", composed_at.isoformat(timespec="seconds"))
    return _written(base, changed, root, "".join(f"\n{text}" for text in ours).encode(), len(base.offers))


def lowered(
    served: PriceList, base_offers: int, added: Mapping[tuple[str, str], int], fresh: PriceList | None
) -> PriceList:
    """Return the merchant's part of a list that is served, no higher than what he shows now.

    ``served`` holds his ``base_offers`` first, with ``added`` pieces of ours by (SKU, store). Nothing is removed, no
    price changes; a count is the lower one of both lists, and what he switched off in ``fresh`` is off. None for
    ``fresh``: the part as it is served.
    """
    now = _lowest(fresh) if fresh else {}
    changed: dict[int, dict[int, dict[str, str]]] = {}
    for offer in served.offers[:base_offers]:
        rows = {}
        left = {place.store_id: added.get((offer.sku, place.store_id), 0) for place in offer.availabilities}
        for number, place in enumerate(offer.availabilities):
            facts = _lower_row(place, left.pop(place.store_id, 0), now.get((offer.sku, place.store_id)))
            if facts:
                rows[number] = facts
        if rows:
            changed[offer.position] = rows
    begin, end = markup.root_tag(served.body)
    return read(_written(served, changed, served.body[begin:end], b"", base_offers))


def _lower_row(place: Availability, added: int, now: tuple[bool, int | None] | None) -> dict[str, str]:
    """Return what changes in a store's row."""
    available, count = now or (place.available, None)
    facts = {}
    if place.stock_count is not None:
        own = place.stock_count - added
        lower = own if count is None else min(own, count)
        if lower != place.stock_count:
            facts["stockCount"] = str(lower)
    if place.available and not available:
        facts["available"] = "no"
    return facts


def _lowest(fresh: PriceList) -> dict[tuple[str, str], tuple[bool, int | None]]:
    """Return by (SKU, store) whether it is sold at all and the lowest count, of doubled offers too."""
    found: dict[tuple[str, str], Availability] = {}
    for offer in fresh.offers:
        for place in offer.availabilities:
            other = found.get((offer.sku, place.store_id))
            found[offer.sku, place.store_id] = place if other is None else _lower(place, other)
    return {key: (place.available, place.stock_count) for key, place in found.items()}


def _lower(one: Availability, other: Availability) -> Availability:
    counts = [place.stock_count for place in (one, other) if place.stock_count is not None]
    return Availability(one.store_id, one.available or other.available, min(counts, default=None))


def _place(base: PriceList, addition: Addition) -> tuple[Offer, int]:
    """Return the offer that is added to, and which of its rows."""
    if reason := obstacle(base, addition.offer_sku, addition.store_id):
        raise Unplaced(f"offer {addition.offer_sku} at {addition.store_id}: {reason}")
    offer = base.by_sku[addition.offer_sku]
    return offer, [place.store_id for place in offer.availabilities].index(addition.store_id)


def _written(base: PriceList, changed: Mapping[int, Facts], root: bytes, ours: bytes, kept: int) -> bytes:
    """Return the document with ``changed`` offers, another root tag, and ``ours`` behind the first ``kept`` offers."""
    body, spans = base.body, base.spans
    begin, end = markup.root_tag(body)
    pieces, copied = [body[:begin], root], end
    for position in sorted(changed):
        offer = base.offers[position]
        pieces += [body[copied : spans.starts[position]], _changed(base.bytes_of(offer), offer, changed[position])]
        copied = spans.ends[position]
    pieces += [body[copied : spans.ends[kept - 1]], ours, body[spans.ends[-1] :]]
    return b"".join(pieces)


def _changed(text: bytes, offer: Offer, rows: Facts) -> bytes:
    """Return an offer's bytes with attributes of its rows set."""
    tags = list(markup.availability_tags(text))
    if len(tags) != len(offer.availabilities):
        raise PriceListError(f"offer {offer.sku} has stores elsewhere than in its availabilities")
    pieces, copied = [], 0
    for number in sorted(rows):
        begin, end = tags[number]
        tag = text[begin:end]
        for name, value in rows[number].items():
            tag = markup.with_attribute(tag, name, value)
        pieces += [text[copied:begin], tag]
        copied = end
    return b"".join([*pieces, text[copied:]])


def _offer_text(base: PriceList, offer: ResaleOffer, prefix: str) -> str:
    if reason := unreadable(base, offer.copy_of):
        raise Unplaced(f"resale offer {offer.offer_sku} of {offer.copy_of}: {reason}")
    model = base.by_sku[offer.copy_of]

    def element(name: str, text: str) -> str:
        return f"<{prefix}{name}>{text}</{prefix}{name}>"

    places = "".join(
        f'<{prefix}availability available="yes" storeId={quoteattr(store_id)} stockCount="{quantity}"/>'
        for store_id, quantity in offer.places
    )
    facts = [element("model", escape(model.model or ""))]
    if model.brand:
        facts.append(element("brand", escape(model.brand)))
    facts += [element("availabilities", places), element("price", str(offer.price))]
    return f"<{prefix}offer sku={quoteattr(offer.offer_sku)}>{''.join(facts)}</{prefix}offer>"
