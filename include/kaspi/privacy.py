"""What of an order is never stored: the buyer. Hashes are taken after the removal."""

from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType
from xxhash import xxh3_128_digest

PERSONAL = ("customer", "phoneAlias")

_fields: msgspec.json.Decoder[dict[str, Any]] = msgspec.json.Decoder(dict[str, Raw])
_optional_fields: msgspec.json.Decoder[dict[str, Any] | None] = msgspec.json.Decoder(dict[str, Raw] | None)
_encoder = msgspec.json.Encoder(order="deterministic")  # sorts the keys of dicts; the structs have theirs in order


class _Resource(Struct, forbid_unknown_fields=True, kw_only=True, gc=False):
    """An order's known members, so that it is taken apart in one go; one with others is read member by member."""

    attributes: dict[str, Raw]
    id: Raw
    links: Raw | UnsetType = UNSET
    relationships: dict[str, Raw]
    type: Raw


class _LineResource(Struct, forbid_unknown_fields=True, kw_only=True, gc=False):
    """The same of a line; nothing personal is in what it hangs together with."""

    attributes: dict[str, Raw]
    id: Raw
    links: Raw | UnsetType = UNSET
    relationships: Raw
    type: Raw


class _Town(Struct):
    town: str | None = None


class _Customer(Struct):
    name: str | None = None
    firstName: str | None = None  # noqa: N815 (Kaspi's spelling)
    lastName: str | None = None  # noqa: N815
    cellPhone: str | int | None = None  # noqa: N815


class _Attributes(Struct):
    customer: _Customer | None = None


class _Buyer(Struct):
    attributes: _Attributes | None = None


_order = msgspec.json.Decoder(_Resource)
_line = msgspec.json.Decoder(_LineResource)
_town = msgspec.json.Decoder(_Town | None)
_buyer = msgspec.json.Decoder(_Buyer)


@dataclass(frozen=True, slots=True)
class Contact:
    """The buyer's name and phone as Kaspi gave them; a masked phone is no phone.

    The rest Kaspi does not know: it is here where the merchant told it.
    """

    name: str
    phone: str
    email: str | None = None
    telegram: str | None = None
    language: str | None = None


def without_person(order: bytes | Raw) -> bytes:
    """Return an order's JSON less the buyer: ``customer``, ``phoneAlias``, ``relationships.user``, the address.

    Of the address the town stays. Keys are sorted in the order and its attributes. Raises msgspec.MsgspecError
    where the order is none.
    """
    try:
        known = _order.decode(order)
    except msgspec.ValidationError:
        whole = _fields.decode(order)
        whole["attributes"] = attributes = _part(whole, "attributes")
        whole["relationships"] = relationships = _part(whole, "relationships")
        _forget(attributes, relationships)
        return _encoder.encode(whole)
    _forget(known.attributes, known.relationships)
    return _encoder.encode(known)


def _forget(attributes: dict[str, Any], relationships: dict[str, Any]) -> None:
    for name in PERSONAL:
        attributes.pop(name, None)
    if "deliveryAddress" in attributes:
        attributes["deliveryAddress"] = _kept_of_address(attributes["deliveryAddress"])
    relationships.pop("user", None)


def _part(whole: dict[str, Any], name: str) -> dict[str, Any]:
    return (_optional_fields.decode(whole[name]) or {}) if name in whole else {}


def _kept_of_address(address: Raw) -> _Town | None:
    try:
        kept: _Town | None = _town.decode(address)
        return kept
    except msgspec.ValidationError:
        return None  # an address of another shape may hold anything


def in_order(resource: bytes | Raw) -> bytes:
    """Return a resource's JSON with the keys of it and of its attributes sorted: nothing personal is in it."""
    try:
        return _encoder.encode(_line.decode(resource))
    except msgspec.ValidationError:
        whole = _fields.decode(resource)
        whole["attributes"] = _part(whole, "attributes")
        return _encoder.encode(whole)


def contact_of(order: bytes | Raw) -> Contact | None:
    """Return the buyer's contact where the payload still shows a whole phone number."""
    try:
        attributes = _buyer.decode(order).attributes
    except msgspec.MsgspecError:
        return None  # whatever is wrong with it, the order itself is read and judged elsewhere
    customer = attributes.customer if attributes else None
    phone = str(customer.cellPhone or "") if customer else ""
    if customer is None or not phone.isdigit():
        return None
    return Contact(customer.name or " ".join(filter(None, (customer.firstName, customer.lastName))), phone)


def content_hash(payload: bytes | Raw) -> bytes:
    """Return the hash of a payload without its person: XXH3, 128 bits, to tell whether it changed."""
    return xxh3_128_digest(payload)
