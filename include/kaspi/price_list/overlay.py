"""Lay returned goods over a merchant's own list. Everything of his comes through as it is."""

import copy
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

from include.kaspi.price_list.reading import (
    Availability,
    PriceList,
    availability_elements,
    of_root,
    offer_elements,
    offers_element,
)


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

    Only the ``stockCount`` of offers that are added to changes in the base; resale offers follow it, sorted by
    SKU, without a pre-order. The catalogue's ``date`` is ``composed_at`` and is no part of the content's hash.
    """
    root = copy.deepcopy(base.root)
    elements = offer_elements(root)
    for addition in additions:
        _add(base, elements, addition)
    shelf = offers_element(root)
    namespace = etree.QName(root).namespace
    for offer in sorted(resale, key=lambda one: one.offer_sku):
        shelf.append(_offer_element(base, offer, namespace))
    root.set("date", composed_at.isoformat(timespec="seconds"))
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def lowered(
    served: PriceList, base_offers: int, added: Mapping[tuple[str, str], int], fresh: PriceList | None
) -> PriceList:
    """Return the merchant's part of a list that is served, no higher than what he shows now.

    ``served`` holds his ``base_offers`` first, with ``added`` pieces of ours by (SKU, store). Nothing is removed, no
    price changes; a count is the lower one of both lists, and what he switched off in ``fresh`` is off. None for
    ``fresh``: the part as it is served.
    """
    root = copy.deepcopy(served.root)
    elements, shelf = offer_elements(root), offers_element(root)
    for element in elements[base_offers:]:
        shelf.remove(element)
    now = _lowest(fresh) if fresh else {}
    for offer, element in zip(served.offers[:base_offers], elements, strict=False):
        left = {place.store_id: added.get((offer.sku, place.store_id), 0) for place in offer.availabilities}
        for place, facts in zip(offer.availabilities, availability_elements(element), strict=True):
            available, count = now.get((offer.sku, place.store_id), (place.available, None))
            if place.stock_count is not None:
                own = place.stock_count - left.pop(place.store_id, 0)
                facts.set("stockCount", str(own if count is None else min(own, count)))
            if place.available and not available:
                facts.set("available", "no")
    return of_root(root)


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


def _add(base: PriceList, elements: list[etree._Element], addition: Addition) -> None:
    if reason := obstacle(base, addition.offer_sku, addition.store_id):
        raise Unplaced(f"offer {addition.offer_sku} at {addition.store_id}: {reason}")
    offer = base.by_sku[addition.offer_sku]
    place = offer.at(addition.store_id)
    assert place is not None
    assert place.stock_count is not None
    element = next(
        one for one in availability_elements(elements[offer.position]) if one.get("storeId") == addition.store_id
    )
    element.set("stockCount", str(place.stock_count + addition.quantity))


def _offer_element(base: PriceList, offer: ResaleOffer, namespace: str | None) -> etree._Element:
    if reason := unreadable(base, offer.copy_of):
        raise Unplaced(f"resale offer {offer.offer_sku} of {offer.copy_of}: {reason}")
    model = base.by_sku[offer.copy_of]
    prefix = f"{{{namespace}}}" if namespace else ""
    element = etree.Element(f"{prefix}offer", {"sku": offer.offer_sku})
    etree.SubElement(element, f"{prefix}model").text = model.model
    if model.brand:
        etree.SubElement(element, f"{prefix}brand").text = model.brand
    places = etree.SubElement(element, f"{prefix}availabilities")
    for store_id, quantity in offer.places:
        facts = {"available": "yes", "storeId": store_id, "stockCount": str(quantity)}
        etree.SubElement(places, f"{prefix}availability", facts)
    etree.SubElement(element, f"{prefix}price").text = str(offer.price)
    element.tail = "\n"
    return element
