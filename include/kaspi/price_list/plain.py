"""Offers that are written the plain way are read from their text, which costs less than elements do.

Plain is what Kaspi's own example is: these elements in this order, no prefix, no comment, nothing that a parser would
have to make something else of. Whatever is written otherwise is read from its elements, and the document is parsed in
any case.
"""

import re
from collections.abc import Callable
from functools import cache

from include.kaspi.price_list.offers import Availability, Offer, whole

TEXT = r"[^<\r]*+"  # a parser turns a carriage return into a line feed
PLAIN = re.compile(
    r'<offer sku="([^"<&\s]*+)">\s*+'
    rf"<model>({TEXT})</model>\s*+"
    rf"(?:<brand>({TEXT})</brand>\s*+)?"
    r"(<availabilities>(?:[^<]++|<(?!/availabilities>|[!?]))*+</availabilities>)\s*+"  # no comment or the like in it
    r"(?:<price>([^<&]*+)</price>"
    r'|<cityprices>((?:\s*+<cityprice cityId="[^"<]*+">[^<&]*+</cityprice>)*+)\s*+</cityprices>)\s*+'
    r"</offer>",
    re.ASCII,
)
CITY_PRICE = re.compile(r">([^<]*)</cityprice>")


class PlainOffers:
    """Reads plain offers of one list. ``rows`` reads an ``availabilities`` element; many offers have the same one."""

    def __init__(self, rows: Callable[[str], tuple[Availability, ...]]) -> None:
        self._rows, self._lowest = cache(rows), cache(_lowest)

    def offer(self, position: int, text: str) -> Offer | None:
        """Return what the text of an offer says, or None where it is not written the plain way."""
        found = PLAIN.fullmatch(text)
        if found is None or "&#" in text:
            return None
        sku, model, brand, shelf, price, cities = found.groups()
        return Offer(
            position,
            sku,
            _unescaped(model).strip(),
            None if brand is None else _unescaped(brand).strip(),
            self._lowest(cities) if price is None else whole(price),
            self._rows(shelf),
        )


def _unescaped(text: str) -> str:
    if "&" not in text:
        return text
    for name, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&")):
        text = text.replace(name, sign)
    return text


def _lowest(cities: str) -> int | None:
    prices = [price for text in CITY_PRICE.findall(cities) if (price := whole(text)) is not None]
    return min(prices, default=None)
