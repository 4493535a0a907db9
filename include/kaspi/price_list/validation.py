"""Kaspi's rules. A broken one is a warning on the merchant's own offer and an error on ours."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from lxml import etree

from include.kaspi.price_list.offers import Offer, whole
from include.kaspi.price_list.reading import PriceList

SCHEMA_FILE = Path(__file__).resolve().parents[1] / "kaspishopping.xsd"
LEGAL_SKU = re.compile(r"[A-Za-z0-9]{1,20}\Z")
LONGEST_PRE_ORDER = 30
OFFER_IN_PATH = re.compile(r"^/\*/\*\[\d+\]/\*(?:\[(\d+)\])?")
NAMED_OFFER_IN_PATH = re.compile(r"/offers(?:\[\d+\])?/offer(?:\[(\d+)\])?")


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule of one offer."""

    severity: Literal["warning", "error"]
    offer_sku: str
    rule: str
    detail: str


@cache
def schema() -> etree.XMLSchema:
    """Return Kaspi's XSD extended by ``preOrder`` and ``stockCount``."""
    return etree.XMLSchema(etree.parse(str(SCHEMA_FILE)))


def validate(composed: PriceList, base_offers: int) -> list[Finding]:
    """Check a composed list whose first ``base_offers`` offers are the merchant's own."""
    doubled = {sku for sku, n in Counter(offer.sku for offer in composed.offers).items() if n > 1}
    findings = []
    for offer in composed.offers:
        severity: Literal["warning", "error"] = "warning" if offer.position < base_offers else "error"
        for rule, detail in _broken(offer, doubled):
            findings.append(Finding(severity, offer.sku, rule, detail))
    return findings + list(_schema_findings(composed, base_offers))


def _broken(offer: Offer, doubled: set[str]) -> Iterator[tuple[str, str]]:
    """Yield the rules an offer breaks."""
    if not LEGAL_SKU.match(offer.sku):
        yield "sku", "up to 20 Latin letters and digits are allowed"
    if offer.sku in doubled:
        yield "sku_unique", "the SKU stands in the list more than once"
    if not offer.model:
        yield "model", "it has no model"
    if not offer.price:
        yield "price", "it has no price in whole tenge"
    if not offer.availabilities:
        yield "availability", "it names no store"
    for place in offer.availabilities:
        if place.stock_count is None:
            yield "stock_count", f"store {place.store_id} has no count in whole pieces"
        days = whole(place.pre_order) if place.pre_order is not None else 0
        if days is None or days > LONGEST_PRE_ORDER:
            yield "pre_order", f"store {place.store_id} has preOrder {place.pre_order}, more than 30 days or no number"


def _schema_findings(composed: PriceList, base_offers: int) -> Iterator[Finding]:
    checker = schema()
    for first, root in composed.portions():
        if checker.validate(root):
            continue
        for error in list(checker.error_log):  # type: ignore[call-overload]
            place = _position(error.path)
            if place is not None and first + place < len(composed.offers):
                severity: Literal["warning", "error"] = "warning" if first + place < base_offers else "error"
                yield Finding(severity, composed.offers[first + place].sku, "xsd", error.message)
            elif first == 0:
                # The frame of the document is the merchant's; what we append are whole offers.
                yield Finding("warning", "", "xsd", error.message)


def _position(path: str | None) -> int | None:
    """Return which offer an error's XPath points into, counted from 0."""
    found = OFFER_IN_PATH.match(path or "") or NAMED_OFFER_IN_PATH.search(path or "")
    return int(found.group(1) or 1) - 1 if found else None
