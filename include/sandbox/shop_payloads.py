"""The Shop API's documents: orders, lines, products, places, in the shapes of the recorded samples."""

import base64
import binascii
import datetime as dt
from typing import Any

from include.sandbox import assortment
from include.sandbox.catalogue import Merchant, resale_sku
from include.sandbox.moments import ALMATY, DAY, millis, stream
from include.sandbox.orders import Buyer, Line, Order

ROOT = "https://kaspi.kz/shop/api/v2"
MASKED_PHONE = "7xx0xxxxxx"
STORE_STREET = {"Алматы": ("улица Каныша Сатпаева", "22/1", 43.23662559520485, 76.93337309399296),
                "Астана": ("проспект Республики", "15", 51.16052, 71.47036)}  # fmt: skip


def encode(text: str) -> str:
    """Return an id as Kaspi makes it: base64 without padding."""
    return base64.b64encode(text.encode()).decode().rstrip("=")


def decode(identity: str) -> str:
    """Return what an id was made of; an empty string when it is none of ours."""
    try:
        return base64.b64decode(identity + "=" * (-len(identity) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def entry_id(order: Order, number: int) -> str:
    """Return the id of an order's line."""
    return encode(f"{order.code}##{number}")


def links(kind: str, identity: str, relation: str | None = None) -> dict[str, str]:
    """Return a resource's or a relation's links."""
    own = f"{ROOT}/{kind}/{identity}"
    if relation is None:
        return {"self": own}
    return {"self": f"{own}/relationships/{relation}", "related": f"{own}/{relation}"}


def document(data: Any, included: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Return a JSON:API document."""
    return {"data": data, "included": included or []}


def city(name: str) -> dict[str, Any]:
    """Return a city as it stands inside an address."""
    code = assortment.CITIES[name]
    return {"id": encode(code), "code": code, "name": name, "active": True}


def city_resource(name: str) -> dict[str, Any]:
    """Return a city as a resource."""
    facts = city(name)
    identity = facts.pop("id")
    return {
        "type": "cities",
        "id": identity,
        "attributes": facts,
        "relationships": {},
        "links": links("cities", identity),
    }


def _customer(order: Order, state: str) -> dict[str, Any]:
    """Return who bought; the phone is masked once the order lies in the archive."""
    buyer = order.buyer
    return {
        "id": encode(buyer.phone[1:]),
        "name": buyer.first_name,
        "cellPhone": MASKED_PHONE if state == "ARCHIVE" else buyer.phone[1:],
        "firstName": buyer.first_name,
        "lastName": buyer.last_name,
    }


def _address(street: str, house: str, town: str, latitude: float, longitude: float) -> dict[str, Any]:
    return {
        "streetName": street, "streetNumber": house, "town": town, "district": None, "building": None,
        "apartment": None, "formattedAddress": f"{town}, {street}, {house}", "latitude": latitude,
        "longitude": longitude,
    }  # fmt: skip


def _delivery_address(buyer: Buyer, order: Order) -> dict[str, Any]:
    rng = stream(0, "address", order.code)
    return _address(
        buyer.street,
        buyer.house,
        buyer.city,
        round(rng.uniform(42.3, 51.2), 6),
        round(rng.uniform(50.2, 78.4), 6),
    )


def _store_address(merchant: Merchant) -> dict[str, Any]:
    street, house, latitude, longitude = STORE_STREET[merchant.shop.city]
    return _address(street, house, f"г. {merchant.shop.city}", latitude, longitude)


def _store_id(merchant: Merchant) -> str:
    return f"{merchant.merchant_id}_{merchant.shop.store_id}"


def _kaspi_delivery(order: Order, now: dt.datetime) -> dict[str, Any]:
    handed = order.handed_over_at if order.handed_over_by(now) else None
    planned = (order.created_at + DAY).astimezone(ALMATY).replace(hour=20, minute=0, second=0)
    return {
        "waybill": f"https://kaspi.kz/shop/api/waybill/{order.waybill}",
        "courierTransmissionDate": millis(handed) if handed else None,
        "courierTransmissionPlanningDate": millis(planned),
        "waybillNumber": order.waybill,
        "express": False,
        "returnedToWarehouse": False,
        "firstMileCourier": order.courier,
    }


def order_resource(merchant: Merchant, order: Order, now: dt.datetime) -> dict[str, Any]:
    """Return an order as it looks at ``now``."""
    identity = encode(order.code)
    step = order.step_at(now)
    approved = step.status != "APPROVED_BY_BANK"
    planned = (order.created_at + 5 * DAY).astimezone(ALMATY).replace(hour=23, minute=59, second=59)
    attributes: dict[str, Any] = {
        "code": order.code,
        "creationDate": millis(order.created_at),
        "totalPrice": float(sum(line.price * line.quantity for line in order.lines)),
        "deliveryCostForSeller": float(order.delivery_cost),
        "isKaspiDelivery": order.kaspi_delivery,
        "preOrder": False,
        "approvedByBankDate": millis(order.created_at) + 745,
        "plannedDeliveryDate": millis(planned),
        "signatureRequired": False,
        "status": step.status,
        "pickupPointId": _store_id(merchant),
        "state": step.shown or step.state,
        "deliveryCost": 0.0,
        "customer": _customer(order, step.state),
        "originAddress": {
            "id": encode(_store_id(merchant)),
            "displayName": merchant.shop.store_id,
            "address": _store_address(merchant),
            "city": city(merchant.shop.city),
        },
        "deliveryAddress": _delivery_address(order.buyer, order),
        "assembled": order.handed_over_by(now),
        "deliveryMode": order.delivery_mode,
        "paymentMode": order.payment_mode,
    }
    if order.kaspi_delivery and approved:
        attributes["kaspiDelivery"] = _kaspi_delivery(order, now)
    if order.payment_mode == "PAY_WITH_CREDIT":
        attributes["creditTerm"] = 3
    if step.reason is not None:
        attributes["cancellationReason"] = step.reason
    return {
        "id": identity,
        "type": "orders",
        "attributes": attributes,
        "relationships": {
            "entries": {
                "data": [{"id": entry_id(order, n), "type": "orderentries"} for n in range(len(order.lines))],
                "links": links("orders", identity, "entries"),
            },
            "user": {
                "data": {"id": encode(order.buyer.phone[1:]), "type": "customers"},
                "links": links("orders", identity, "user"),
            },
        },
        "links": links("orders", identity),
    }


def customer_resource(order: Order, now: dt.datetime) -> dict[str, Any]:
    """Return the buyer as an included resource."""
    facts = _customer(order, order.step_at(now).state)
    attributes = {name: facts[name] for name in ("firstName", "lastName", "cellPhone")}
    return {
        "type": "customers", "id": facts["id"], "attributes": attributes, "relationships": {},
        "links": links("customers", facts["id"]),
    }  # fmt: skip


def entry_resource(merchant: Merchant, order: Order, number: int) -> dict[str, Any]:
    """Return an order's line. Some come without an offer: only the product then leads to the SKU."""
    line, identity = order.lines[number], entry_id(order, number)
    attributes: dict[str, Any] = {
        "entryNumber": number,
        "deliveryCost": 0.0,
        "quantity": line.quantity,
        "weight": float(line.weight * line.quantity),
        "basePrice": float(line.price),
        "totalPrice": float(line.price * line.quantity),
        "unitType": "PIECES",
        "category": {"code": line.category_code, "title": line.category},
        "isImeiRequired": False,
    }
    if line.names_offer:
        attributes["offer"] = {"code": line.sku, "isImeiRequired": False, "name": line.name}
    return {
        "id": identity,
        "type": "orderentries",
        "attributes": attributes,
        "relationships": {
            "product": {
                "data": {"id": encode(line.master_code), "type": "masterproducts"},
                "links": links("orderentries", identity, "product"),
            },
            "deliveryPointOfService": {
                "data": {"id": encode(_store_id(merchant)), "type": "pointofservices"},
                "links": links("orderentries", identity, "deliveryPointOfService"),
            },
        },
        "links": links("orderentries", identity),
    }


def product_resource(line: Line) -> dict[str, Any]:
    """Return the card on Kaspi an order's line belongs to."""
    identity = encode(line.master_code)
    return {
        "type": "masterproducts",
        "id": identity,
        "attributes": {"code": line.master_code, "name": line.name, "category": line.category},
        "relationships": {
            "merchantProduct": {"links": links("masterproducts", identity, "merchantProduct"), "data": None}
        },
        "links": links("masterproducts", identity),
    }


def merchant_product_resource(merchant: Merchant, master_code: str) -> dict[str, Any] | None:
    """Return the merchant's own product behind a card, main or resale; None for a card that is not his."""
    for product in merchant.products.values():
        cards = {product.master_code: product.sku, product.resale_master_code: resale_sku(product.sku)}
        if master_code in cards:
            identity = encode(cards[master_code])
            return {
                "type": "merchantproducts", "id": identity,
                "attributes": {
                    "code": cards[master_code], "name": product.name, "manufacturer": product.brand,
                },
                "relationships": {}, "links": links("merchantproducts", identity),
            }  # fmt: skip
    return None


def point_of_service(merchant: Merchant) -> dict[str, Any]:
    """Return the warehouse the merchant's goods leave from."""
    identity = encode(_store_id(merchant))
    city_id = encode(assortment.CITIES[merchant.shop.city])
    return {
        "type": "pointofservices",
        "id": identity,
        "attributes": {"address": _store_address(merchant), "displayName": merchant.shop.store_id},
        "relationships": {
            "city": {
                "links": links("pointofservices", identity, "city"),
                "data": {"type": "cities", "id": city_id},
            }
        },
        "links": links("pointofservices", identity),
    }
