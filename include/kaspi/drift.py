"""Whether Kaspi's payloads still have the shape that is known: fields that are new, missing or of another type.

Pure and cheap, because every changed order passes here: a shape (the names of an object and the types of their values)
is judged once and then only looked up. What is found names fields and JSON types, never a value.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from include.domain.returns import KIND_OF_CANCELLATION

# Reasons of a cancellation that are known, though two of them say nothing about goods under way.
KNOWN_CANCELLATION_REASONS = frozenset(KIND_OF_CANCELLATION) | {"MERCHANT_OUT_OF_STOCK", "TIMEOUT_MERCHANT_DELIVERY"}

LONGEST_NAME = 80
MOST_SHAPES = 2_000  # of one kind of object; more are judged, but not remembered
WIDEST_SHAPE = 100  # fields; a wider object is not remembered either
MOST_FINDINGS = 200
ENOUGH_ORDERS = 50  # so many without a field that some order always has are no accident

STRING, NUMBER, BOOLEAN, OBJECT = "string", "number", "boolean", "object"
JSON_TYPE: dict[type, str] = {
    str: STRING, int: NUMBER, float: NUMBER, bool: BOOLEAN, dict: OBJECT, list: "array", type(None): "null",
}  # fmt: skip

# Every field known of each object, read by payloads.py or not, and its JSON type (None: any). A field may be null.
_ADDRESS = {
    **dict.fromkeys(
        ("streetName", "streetNumber", "town", "district", "building", "apartment", "formattedAddress"), STRING
    ),
    **dict.fromkeys(("latitude", "longitude"), NUMBER),
}
_DELIVERY: dict[str, str | None] = {  # older payloads have these at the top of the order
    **dict.fromkeys(("waybill", "waybillNumber"), STRING),
    **dict.fromkeys(("courierTransmissionDate", "courierTransmissionPlanningDate"), NUMBER),
    **dict.fromkeys(("express", "returnedToWarehouse"), BOOLEAN),
    "firstMileCourier": None,
}
KNOWN: dict[str, Mapping[str, str | None]] = {
    "order": {
        **dict.fromkeys(
            ("cancellationReason", "code", "deliveryMode", "paymentMode", "pickupPointId", "state", "status"), STRING
        ),
        **dict.fromkeys(
            (
                "approvedByBankDate", "completionDate", "creationDate", "creditTerm", "deliveryCost",
                "deliveryCostForSeller", "plannedDeliveryDate", "reservationDate", "statusChangeDate", "totalPrice",
            ),
            NUMBER,
        ),
        **dict.fromkeys(("assembled", "isImeiRequired", "isKaspiDelivery", "preOrder", "signatureRequired"), BOOLEAN),
        **dict.fromkeys(("deliveryAddress", "kaspiDelivery", "originAddress"), OBJECT),
        "category": None,  # seen as a text and as an object
        **dict.fromkeys(("customer", "phoneAlias")),  # the buyer: removed before, and never looked into
        **_DELIVERY,
    },
    "order.kaspiDelivery": _DELIVERY,
    "order.originAddress": {"id": STRING, "displayName": STRING, "address": OBJECT, "city": OBJECT},
    "order.originAddress.city": {"id": STRING, "code": STRING, "name": STRING, "active": BOOLEAN},
    "order.deliveryAddress": _ADDRESS,
    "entry": {
        **dict.fromkeys(
            ("basePrice", "deliveryCost", "entryNumber", "minAllowedWeight", "quantity", "totalPrice", "weight"), NUMBER
        ),
        "unitType": STRING,
        "isImeiRequired": BOOLEAN,
        **dict.fromkeys(("category", "offer"), OBJECT),
    },
    "entry.category": {"code": STRING, "title": STRING},
    "entry.offer": {"code": STRING, "name": STRING, "isImeiRequired": BOOLEAN},
}  # fmt: skip
REQUIRED = {
    "order": ("code", "state", "status", "totalPrice", "creationDate"),
    "entry": ("entryNumber", "quantity", "basePrice", "totalPrice"),
    "entry.offer": ("code",),
}
# Of each of these some name is in every order; a shop whose orders all lack them reads less than it thinks.
ALWAYS = (("paymentMode",), ("deliveryMode",), ("pickupPointId", "originAddress"))


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference from the known shape. ``kind`` is ``new``, ``missing`` or ``retyped``.

    ``detail`` has JSON type names only; ``example_order_id`` is an order that had it, where the caller told its id.
    """

    kind: str
    path: str
    detail: str
    count_of_examples: int
    example_order_id: str | None = None


@dataclass(slots=True)
class _Found:
    count: int = 0
    example: str | None = None


@dataclass(slots=True)
class _Shape:
    """What was judged once: what is wrong with it, and which of its fields are objects to look into."""

    found: tuple[_Found, ...]
    inside: "tuple[tuple[str, _Level], ...]"


@dataclass(slots=True)
class _Level:
    """One kind of object: what is known of it, and its shapes seen so far."""

    path: str
    known: Mapping[str, str | None]
    required: tuple[str, ...]
    inside: "dict[str, _Level]"
    shapes: dict[tuple[Any, ...], _Shape] = field(default_factory=dict)


class _Resource(msgspec.Struct):
    attributes: Any = None


class _Payload(msgspec.Struct):
    order: _Resource
    entries: list[_Resource]


_payload = msgspec.json.Decoder(_Payload)
_resource = msgspec.json.Decoder(_Resource)


class DriftWatch:
    """Looks at orders and lines and remembers how they differ; one watch a fetch. Never raises, memory is bounded."""

    def __init__(self) -> None:
        self._order, self._entry = _level("order"), _level("entry")
        self._found: dict[tuple[str, str, str], _Found] = {}
        self._names: set[str] = set()
        self.orders = 0  # that were looked at

    def order(self, attributes: Any, order_id: str | None = None) -> None:
        """Look at an order's attributes (the buyer removed or not: his parts are not looked at)."""
        self.orders += 1
        self._look(self._order, attributes, order_id)

    def entry(self, attributes: Any, order_id: str | None = None) -> None:
        """Look at the attributes of an order's line."""
        self._look(self._entry, attributes, order_id)

    def payload(self, payload: bytes, order_id: str | None = None) -> None:
        """Look at a whole payload as it lands in raw: ``{"order": {…}, "entries": [{…}]}``, the buyer removed."""
        try:
            whole = _payload.decode(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            self._note("retyped", "payload", "not an order with entries", order_id)
            return
        self.order(whole.order.attributes, order_id)
        for entry in whole.entries:
            self.entry(entry.attributes, order_id)

    def order_of(self, order: bytes, order_id: str | None = None) -> None:
        """Look at an order that could not be read, the buyer removed."""
        try:
            self.order(_resource.decode(order).attributes, order_id)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            self._note("retyped", "order", "not a resource", order_id)

    def tells_of_no_lines(self, order_id: str) -> None:
        """Note an order without its relation to lines: they are read all the same, by a call for each such order."""
        self._note("missing", "order.relationships.entries", "an object is needed", order_id)

    def findings(self) -> list[Drift]:
        """Return what was found so far, by path."""
        found = [Drift(kind, path, detail, one.count, one.example) for (kind, path, detail), one in self._found.items()]
        if self.orders >= ENOUGH_ORDERS:
            found += [
                Drift("missing", f"order.{'|'.join(names)}", "no order of many has it", self.orders)
                for names in ALWAYS
                if self._names.isdisjoint(names)
            ]
        return sorted(found, key=lambda one: (one.path, one.kind, one.detail))

    def _look(self, level: _Level, seen: Any, order_id: str | None) -> None:
        if type(seen) is not dict:
            self._note("retyped", level.path, f"{_json_type(seen)} instead of object", order_id)
            return
        key = (*seen, *map(type, seen.values()))
        shape = level.shapes.get(key)
        if shape is None:
            shape = self._judge(level, seen, key, order_id)
        for name, inner in shape.inside:
            self._look(inner, seen[name], order_id)
        for one in shape.found:
            one.count += 1

    def _judge(self, level: _Level, seen: dict[Any, Any], key: tuple[Any, ...], order_id: str | None) -> _Shape:
        """Look at every field of a shape that was not seen before, and remember the verdict."""
        found: dict[int, _Found] = {}

        def note(kind: str, name: str, detail: str) -> None:
            one = self._note(kind, f"{level.path}.{_clean(name)}", detail, order_id, count=0)
            found[id(one)] = one

        for name, value in seen.items():
            kind = _json_type(value)
            if name not in level.known:
                note("new", name, kind)
            elif kind != "null" and level.known[name] not in (None, kind):
                note("retyped", name, f"{kind} instead of {level.known[name]}")
        for name in level.required:
            if name not in seen:
                note("missing", name, f"a {level.known[name] or 'value'} is needed")
        if level is self._order:
            self._names.update(name for name in seen if name in level.known)
        inside = tuple((name, inner) for name, inner in level.inside.items() if type(seen.get(name)) is dict)
        shape = _Shape(tuple(found.values()), inside)
        if len(seen) <= WIDEST_SHAPE:
            if len(level.shapes) >= MOST_SHAPES:
                level.shapes.clear()
            level.shapes[key] = shape
        return shape

    def _note(self, kind: str, path: str, detail: str, order_id: str | None, *, count: int = 1) -> _Found:
        key = (kind, path, detail)
        if key not in self._found and len(self._found) >= MOST_FINDINGS:
            key = ("new", "…", f"more than {MOST_FINDINGS} differences; the rest is not listed")
        one = self._found.setdefault(key, _Found())
        one.count += count
        one.example = one.example or order_id
        return one


def _json_type(value: Any) -> str:
    return JSON_TYPE.get(type(value), type(value).__name__)


def _clean(name: Any) -> str:
    """Return a field's name, fit to be stored and shown; a name made of a number (a phone, an order) hides it."""
    text = "".join(letter if letter.isprintable() else "�" for letter in str(name)[: LONGEST_NAME + 1])
    text = re.sub(r"\d{5,}", "#", text)
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "…"


def _level(path: str) -> _Level:
    """Return what is known of the objects at ``path`` and of those inside them."""
    inside = {name: _level(f"{path}.{name}") for name in KNOWN[path] if f"{path}.{name}" in KNOWN}
    return _Level(path, KNOWN[path], REQUIRED.get(path, ()), inside)
