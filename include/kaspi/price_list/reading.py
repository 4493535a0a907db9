"""Read a price list in Kaspi's XML. Real lists are dirty: what can be understood is read, the rest is None."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from lxml import etree

from include.kaspi.price_list import markup
from include.kaspi.price_list.markup import Spans
from include.kaspi.price_list.offers import Availability, Offer, whole
from include.kaspi.price_list.plain import PlainOffers

NAMESPACE = "kaspiShopping"
PORTION = 500  # offers that are held as elements at once
UTF8 = re.compile(
    rb"""(?:\xef\xbb\xbf)?(?:<\?xml(?![^?]*encoding)|<\?xml[^?]*encoding\s*=\s*["'](?i:utf-?8)["']|(?!<\?xml))"""
)


class PriceListError(ValueError):
    """The document is no price list that can be used; the message says what is wrong with it."""


@dataclass(frozen=True)
class PriceList:
    """A parsed list: the document as it came, in UTF-8, where each offer lies in it, and the offers in order."""

    body: bytes
    spans: Spans
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
        begin, end = markup.root_tag(self.body)
        digest = hashlib.sha256(markup.with_attribute(self.body[begin:end], "date", None))
        digest.update(memoryview(self.body)[end:])
        return digest.digest()

    def bytes_of(self, offer: Offer) -> bytes:
        """Return an offer as it stands in the document."""
        return self.body[self.spans.starts[offer.position] : self.spans.ends[offer.position]]

    def portions(self) -> Iterator[tuple[int, etree._Element]]:
        """Yield the document again and again with a part of its offers, and the position of the first of them."""
        return ((some[0], root) for some, root in _portions(self.body, self.spans, range(len(self.spans))))

    @property
    def frame(self) -> tuple[bytes, bytes]:
        """What stands before the first offer, less the catalogue's date, and behind the last one."""
        begin, end = markup.root_tag(self.body)
        first, last = (self.spans.starts[0], self.spans.ends[-1]) if len(self.spans) else (end, end)
        dateless = markup.with_attribute(self.body[begin:end], "date", None)
        return self.body[:begin] + dateless + self.body[end:first], self.body[last:]


def read(body: bytes, like: PriceList | None = None) -> PriceList:
    """Parse ``body``; raises PriceListError. Document types are refused: no entities, nothing from the network.

    A list of a hundred thousand offers is never held as elements: they are looked at in portions. Offers that stand in
    ``like`` at the same place with the same bytes, in the same frame, are what they are there.
    """
    body = _in_utf8(body)
    spans = markup.offer_spans(body)
    if len(spans.starts) != len(spans.ends):
        raise PriceListError("the price list is not well-formed XML: an offer is not closed")
    frame = _parsed(_without_offers(body, spans))
    if etree.QName(frame).localname != "kaspi_catalog":
        raise PriceListError(f"the document is a {etree.QName(frame).localname}, not a kaspi_catalog")
    offers_element(frame)
    found = PriceList(body, spans, ())
    offers: list[Offer | None] = [None] * len(spans)
    if like is not None and like.frame == found.frame:
        offers = _the_same(found, like)
    known: dict[Availability, Availability] = {}
    plain = PlainOffers(lambda text: _rows(_parsed(text.encode()), known))
    for some, root in _portions(body, spans, [number for number, offer in enumerate(offers) if offer is None]):
        elements = offer_elements(root)
        if len(elements) != len(some):
            raise PriceListError("the price list has offers elsewhere than in its offers element")
        for position, element in zip(some, elements, strict=True):
            text = body[spans.starts[position] : spans.ends[position]].decode()
            offers[position] = plain.offer(position, text) or _offer(position, element, known)
    return PriceList(body, spans, tuple(offer for offer in offers if offer is not None))


def _the_same(new: PriceList, old: PriceList) -> list[Offer | None]:
    """Return the offers of the old list that stand in the new one unchanged, None for the others."""
    places = zip(new.spans.starts, new.spans.ends, old.spans.starts, old.spans.ends, old.offers, strict=False)
    one, other = new.body, old.body
    offers: list[Offer | None] = [
        offer if one[begin:end] == other[before:behind] else None for begin, end, before, behind, offer in places
    ]
    return offers + [None] * (len(new.spans) - len(offers))


def _in_utf8(body: bytes) -> bytes:
    """Return the document in UTF-8: as it came, or written out anew where it says that it is in something else."""
    if UTF8.match(body) and not body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.removeprefix(b"\xef\xbb\xbf")
    return etree.tostring(_parsed(body), xml_declaration=True, encoding="utf-8")


def _parsed(body: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise PriceListError(f"the price list is not well-formed XML: {error}") from error
    if root.getroottree().docinfo.doctype:  # type: ignore[union-attr]
        raise PriceListError("the price list has a document type; Kaspi's lists have none, and it may hide entities")
    return root


def _without_offers(body: bytes, spans: Spans) -> bytes:
    begins = [0, *spans.ends]
    return b"".join(body[begin:end] for begin, end in zip(begins, [*spans.starts, len(body)], strict=True))


def _portions(body: bytes, spans: Spans, positions: Sequence[int]) -> Iterator[tuple[Sequence[int], etree._Element]]:
    """Yield the document with some of its offers at a time, and which ones."""
    if not len(spans):
        return
    head, tail = body[: spans.starts[0]], body[spans.ends[-1] :]
    for first in range(0, len(positions), PORTION):
        some = positions[first : first + PORTION]
        yield some, _parsed(b"".join([head, *(body[spans.starts[n] : spans.ends[n]] for n in some), tail]))


def offers_element(root: etree._Element) -> etree._Element:
    """Return the ``offers`` element of a catalogue."""
    found = _child(root, "offers")
    if found is None:
        raise PriceListError("the price list has no offers element")
    return found


def offer_elements(root: etree._Element) -> list[etree._Element]:
    """Return the ``offer`` elements of a catalogue in order."""
    return _children(offers_element(root), "offer")


def _children(element: etree._Element, name: str) -> list[etree._Element]:
    # Lists without a namespace, or with another prefix, are read too.
    return list(element.iterchildren(f"{{*}}{name}"))


def _child(element: etree._Element, name: str) -> etree._Element | None:
    return next(element.iterchildren(f"{{*}}{name}"), None)


def _offer(position: int, element: etree._Element, known: dict[Availability, Availability]) -> Offer:
    """Return what an element says, the first child of a name; rows that are alike are kept once."""
    children: dict[str, etree._Element] = {}
    for child in element:
        children.setdefault(_local(child.tag), child)
    shelf = children.get("availabilities")
    return Offer(
        position=position,
        sku=element.get("sku") or "",
        model=_text(children.get("model")),
        brand=_text(children.get("brand")),
        price=_price(children.get("price"), children.get("cityprices")),
        availabilities=() if shelf is None else _rows(shelf, known),
    )


def _rows(shelf: etree._Element, known: dict[Availability, Availability]) -> tuple[Availability, ...]:
    rows = [_availability(one) for one in shelf if _local(one.tag) == "availability"]
    return tuple([known.setdefault(row, row) for row in rows])


@cache
def _local(tag: object) -> str:
    """Return an element's name without its namespace; lists without one, or with another prefix, are read too."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""  # a comment has no name


def _text(element: etree._Element | None) -> str | None:
    return None if element is None else (element.text or "").strip()


def _availability(element: etree._Element) -> Availability:
    facts = element.attrib
    return Availability(
        facts.get("storeId") or "",
        (facts.get("available") or "").strip().lower() in ("yes", "true"),
        whole(facts.get("stockCount")),
        facts.get("preOrder"),
    )


def _price(single: etree._Element | None, cities: etree._Element | None) -> int | None:
    if single is not None:
        return whole(single.text)
    if cities is None:
        return None
    prices = [price for one in cities if _local(one.tag) == "cityprice" and (price := whole(one.text)) is not None]
    return min(prices, default=None)
