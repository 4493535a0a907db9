"""What of an order is never stored: the buyer. Hashes are taken after the removal."""

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson

KEPT_OF_ADDRESS = ("town",)
PERSONAL = frozenset({"customer", "phoneAlias"})


@dataclass(frozen=True, slots=True)
class Contact:
    """The buyer's name and phone as Kaspi gave them; a masked phone is no phone."""

    name: str
    phone: str


def without_person(order: dict[str, Any]) -> dict[str, Any]:
    """Return the order less the buyer: ``customer``, ``phoneAlias``, ``relationships.user``, the address."""
    attributes = {name: value for name, value in (order.get("attributes") or {}).items() if name not in PERSONAL}
    address = attributes.get("deliveryAddress")
    if isinstance(address, dict):
        attributes["deliveryAddress"] = {name: address.get(name) for name in KEPT_OF_ADDRESS}
    elif "deliveryAddress" in attributes:
        attributes["deliveryAddress"] = None
    clean = {**order, "attributes": attributes}
    if isinstance(order.get("relationships"), dict):
        clean["relationships"] = {name: value for name, value in order["relationships"].items() if name != "user"}
    return clean


def contact_of(order: dict[str, Any]) -> Contact | None:
    """Return the buyer's contact where the payload still shows a whole phone number."""
    customer = (order.get("attributes") or {}).get("customer") or {}
    phone = str(customer.get("cellPhone") or "")
    if not phone.isdigit():
        return None
    name = customer.get("name") or " ".join(filter(None, (customer.get("firstName"), customer.get("lastName"))))
    return Contact(str(name), phone)


def content_hash(payload: dict[str, Any]) -> bytes:
    """Return a hash that is equal for equal content, whatever the order of its keys."""
    return hashlib.blake2b(orjson.dumps(payload, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()
