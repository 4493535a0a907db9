"""Read a price list in Kaspi's XML. Real lists are dirty: what can be understood is read, the rest is None."""

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from lxml import etree

NAMESPACE = "kaspiShopping"
WHOLE = re.compile(r"[0-9]{1,12}\Z")


class PriceListError(ValueError):
    """The document is no price list that can be used; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Availability:
    """One store of an offer. ``stock_count`` is None where the list gives no whole number."""

    store_id: str
    available: bool
    stock_count: int | None
    pre_order: str | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """One offer. ``position`` counts from 0; ``price`` is in tenge, the lowest city price where it has these."""

    position: int
    sku: str
    model: str | None
    brand: str | None
    price: int | None
    availabilities: tuple[Availability, ...]

    def at(self, store_id: str) -> Availability | None:
        """Return the offer's row for a store; the first one where a dirty list names it twice."""
        return next((one for one in self.availabilities if one.store_id == store_id), None)


@dataclass(frozen=True)
class PriceList:
    """A parsed list: the document as it came, and its offers in order."""

    root: etree._Element
    offers: tuple[Offer, ...]

    @cached_property
    def by_sku(self) -> dict[str, Offer]:
        """The offers whose SKU stands in the list once; a doubled SKU names none for certain."""
        counts = Counter(offer.sku for offer in self.offers)
        return {offer.sku: offer for offer in self.offers if counts[offer.sku] == 1}

    @cached_property
    def skus(self) -> frozenset[str]:
        """Every SKU of the list, doubled ones too."""
        return frozenset(offer.sku for offer in self.offers)

    @cached_property
    def sha256(self) -> bytes:
        """The hash of the content without the ``date`` attribute of the catalogue."""
        return content_hash(self.root)


def read(body: bytes) -> PriceList:
    """Parse ``body``; raises PriceListError. Document types are refused: no entities, nothing from the network."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise PriceListError(f"the price list is not well-formed XML: {error}") from error
    if root.getroottree().docinfo.doctype:  # type: ignore[union-attr]
        raise PriceListError("the price list has a document type; Kaspi's lists have none, and it may hide entities")
    if etree.QName(root).localname != "kaspi_catalog":
        raise PriceListError(f"the document is a {etree.QName(root).localname}, not a kaspi_catalog")
    return of_root(root)


def of_root(root: etree._Element) -> PriceList:
    """Return the list that a catalogue element holds."""
    return PriceList(root, tuple(_offer(position, element) for position, element in enumerate(offer_elements(root))))


def offers_element(root: etree._Element) -> etree._Element:
    """Return the ``offers`` element of a catalogue."""
    found = _child(root, "offers")
    if found is None:
        raise PriceListError("the price list has no offers element")
    return found


def content_hash(root: etree._Element) -> bytes:
    """Return the SHA-256 of a catalogue written out without its date.

    Writing out unifies quotes, entities and the declaration; a full canonical form costs thirty times more and
    would tell apart nothing that matters here.
    """
    date = root.get("date")
    if date is not None:
        del root.attrib["date"]
    try:
        return hashlib.sha256(etree.tostring(root, encoding="utf-8")).digest()
    finally:
        if date is not None:
            root.set("date", date)


def availability_elements(offer: etree._Element) -> list[etree._Element]:
    """Return the ``availability`` elements of an offer element."""
    shelf = _child(offer, "availabilities")
    return [] if shelf is None else _children(shelf, "availability")


def offer_elements(root: etree._Element) -> list[etree._Element]:
    """Return the ``offer`` elements of a catalogue in order."""
    return _children(offers_element(root), "offer")


def _children(element: etree._Element, name: str) -> list[etree._Element]:
    # Lists without a namespace, or with another prefix, are read too.
    return list(element.iterchildren(f"{{*}}{name}"))


def _child(element: etree._Element, name: str) -> etree._Element | None:
    return next(element.iterchildren(f"{{*}}{name}"), None)


def _text(element: etree._Element, name: str) -> str | None:
    child = _child(element, name)
    return None if child is None else (child.text or "").strip()


def whole(text: str | None) -> int | None:
    """Return a whole number written in plain digits, else None."""
    text = (text or "").strip()
    return int(text) if WHOLE.match(text) else None


def _offer(position: int, element: etree._Element) -> Offer:
    return Offer(
        position=position,
        sku=element.get("sku") or "",
        model=_text(element, "model"),
        brand=_text(element, "brand"),
        price=_price(element),
        availabilities=tuple(
            Availability(
                store_id=one.get("storeId") or "",
                available=(one.get("available") or "").strip().lower() in ("yes", "true"),
                stock_count=whole(one.get("stockCount")),
                pre_order=one.get("preOrder"),
            )
            for one in availability_elements(element)
        ),
    )


def _price(element: etree._Element) -> int | None:
    single = _child(element, "price")
    if single is not None:
        return whole(single.text)
    cities = _child(element, "cityprices")
    if cities is None:
        return None
    prices = [price for one in _children(cities, "cityprice") if (price := whole(one.text)) is not None]
    return min(prices, default=None)
