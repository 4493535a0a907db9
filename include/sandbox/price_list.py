"""Kaspi price lists: the merchants' own base lists, and reading a published one as Kaspi would."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from include.sandbox.catalogue import Merchant, resale_price, resale_sku
from include.sandbox.moments import ALMATY
from include.sandbox.stock import BaseStock
from include.sandbox.world import World

NAMESPACE = "kaspiShopping"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
NAMESPACES: dict[str | None, str] = {None: NAMESPACE, "xsi": XSI}


class BadPriceList(ValueError):
    """The list cannot be taken: it is not XML, or holds no offers."""


@dataclass
class Offer:
    """An offer at one store. ``quantity`` None: the list gives no count; ``available``: switched on."""

    sku: str
    store_id: str
    price: int
    quantity: int | None
    available: bool
    model: str = ""
    brand: str = ""
    pre_order: int | None = None

    @property
    def on_sale(self) -> bool:
        """Tell whether a buyer can put it in the basket."""
        return self.available and self.quantity != 0


# Offers of a real shop's list that break Kaspi's own rules or are sold to order; nobody buys them here.
ODD_OFFERS = (
    ("КОМПЛЕКТ-2026/ЛЕТО EXTRA-LONG-01", "Комплект сезонный 2026", "Без бренда", 19_990, 4, None),
    ("PREORDER01", "Новинка сезона, предзаказ", "Без бренда", 24_990, 15, 14),
)


def base_offers(world: World, stock: BaseStock, merchant: Merchant, now: dt.datetime) -> Iterator[Offer]:
    """Yield the merchant's own list as of ``now``, with returned goods where he counts them himself."""
    shop = merchant.shop
    switched_off_from = world.span.dry_from
    for product in merchant.products.values():
        count: int | None = stock.at(merchant.merchant_id, product.sku, now)
        if shop.base_includes_returns and count is not None:
            count += len(world.free_units(merchant.merchant_id, product.sku, now))
        yield Offer(
            sku=product.sku,
            store_id=shop.store_id,
            price=product.price,
            quantity=count if product.counted else None,
            available=not (product.switched_off and now >= switched_off_from),
            model=product.name,
            brand=product.brand,
        )
    if shop.base_includes_returns:
        yield from _own_resale_offers(world, merchant, now)
    for sku, model, brand, price, quantity, pre_order in ODD_OFFERS:
        yield Offer(sku, shop.store_id, price, quantity, True, model, brand, pre_order)


def _own_resale_offers(world: World, merchant: Merchant, now: dt.datetime) -> Iterator[Offer]:
    for product in merchant.products.values():
        offer_sku = resale_sku(product.sku)
        count = len(world.free_units(merchant.merchant_id, offer_sku, now))
        if count:
            yield Offer(
                offer_sku,
                merchant.shop.store_id,
                resale_price(product.price),
                count,
                True,
                product.name,
                product.brand,
            )


def previous_listing(world: World, merchant: Merchant, now: dt.datetime) -> dict[str, int]:
    """Return how many returned units of each offer the previous system had on sale at ``now``."""
    counts: dict[str, int] = {}
    for unit in world.units:
        listed = unit.merchant_id == merchant.merchant_id and unit.listed_at and unit.listed_at <= now
        reserved = unit.sale is not None and unit.sale.created_at <= now
        if listed and not reserved and unit.channel in ("main", "resale") and unit.offer_sku:
            counts[unit.offer_sku] = counts.get(unit.offer_sku, 0) + 1
    return counts


def to_xml(merchant: Merchant, offers: Iterator[Offer], now: dt.datetime) -> bytes:
    """Return the offers as a kaspi_catalog document."""
    root = etree.Element(f"{{{NAMESPACE}}}kaspi_catalog", nsmap=NAMESPACES)  # type: ignore[arg-type]  # the stubs do not know the default namespace
    root.set("date", now.astimezone(ALMATY).strftime("%Y-%m-%dT%H:%M:%S"))
    root.set(f"{{{XSI}}}schemaLocation", "kaspiShopping http://kaspi.kz/kaspishopping.xsd")
    _text(root, "company", merchant.shop.name)
    _text(root, "merchantid", merchant.merchant_id)
    listing = etree.SubElement(root, f"{{{NAMESPACE}}}offers")
    for offer in offers:
        _append_offer(listing, offer)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)


def _text(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, f"{{{NAMESPACE}}}{name}").text = text


def _append_offer(listing: etree._Element, offer: Offer) -> None:
    node = etree.SubElement(listing, f"{{{NAMESPACE}}}offer", sku=offer.sku)
    _text(node, "model", offer.model)
    _text(node, "brand", offer.brand)
    holder = etree.SubElement(node, f"{{{NAMESPACE}}}availabilities")
    facts = {"available": "yes" if offer.available else "no", "storeId": offer.store_id}
    if offer.pre_order is not None:
        facts["preOrder"] = str(offer.pre_order)
    if offer.quantity is not None:
        facts["stockCount"] = str(offer.quantity)
    etree.SubElement(holder, f"{{{NAMESPACE}}}availability", facts)
    _text(node, "price", str(offer.price))


def read(body: bytes) -> dict[str, Offer]:
    """Read a published list as Kaspi would, by SKU; the first store of each offer counts.

    Raises BadPriceList when it is not well-formed or holds no usable offer.
    """
    try:
        root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise BadPriceList(f"the price list is not well-formed: {error}") from error
    offers = {}
    for node in root.iter("{*}offer"):
        offer = _read_offer(node)
        if offer is not None:
            offers[offer.sku] = offer
    if not offers:
        raise BadPriceList("the price list holds no offers")
    return offers


def _read_offer(node: etree._Element) -> Offer | None:
    place = node.find(".//{*}availability")
    price = node.find("{*}price")
    if price is None:
        price = node.find(".//{*}cityprice")
    sku = node.get("sku")
    if place is None or price is None or not sku or not (price.text or "").strip().isdigit():
        return None
    count = place.get("stockCount")
    return Offer(
        sku=sku,
        store_id=place.get("storeId", ""),
        price=int((price.text or "0").strip()),
        quantity=int(count) if count is not None and count.isdigit() else None,
        available=place.get("available") == "yes",
        model=node.findtext("{*}model", ""),
        brand=node.findtext("{*}brand", ""),
    )
