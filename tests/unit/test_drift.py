"""The shapes of payloads: every recorded one is known, every change is named, no value ever is."""

import json
import os
import re
import timeit
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.kaspi import drift
from include.kaspi.drift import Drift, DriftWatch

ORDER: dict[str, Any] = {
    "code": "496149022", "creationDate": 1745691162415, "totalPrice": 5990.0, "deliveryCostForSeller": 895.0,
    "isKaspiDelivery": True, "preOrder": False, "approvedByBankDate": 1745691163161, "signatureRequired": False,
    "status": "CANCELLING", "pickupPointId": "Merchant_00005678", "state": "KASPI_DELIVERY",
    "cancellationReason": "TIMEOUT_BUYER_PICKUP", "deliveryCost": 0.0, "assembled": True,
    "originAddress": {
        "id": "U3V", "displayName": "7296", "address": {"town": "г. Талдыкорган"},
        "city": {"id": "MTk", "code": "191010000", "name": "Талдыкорган", "active": True},
    },
    "kaspiDelivery": {
        "waybill": "https://kaspi.kz/shop/api/waybill/...", "courierTransmissionDate": 1745755274000,
        "courierTransmissionPlanningDate": 1745755274000, "waybillNumber": "101110589", "express": False,
        "returnedToWarehouse": False, "firstMileCourier": None,
    },
    "deliveryAddress": {"town": "Алматы"}, "deliveryMode": "DELIVERY_PICKUP", "paymentMode": "PREPAID",
}  # fmt: skip
ENTRY: dict[str, Any] = {
    "entryNumber": 0, "deliveryCost": 0.0, "quantity": 1, "weight": 0.0, "basePrice": 5990.0, "totalPrice": 5990.0,
    "unitType": "PIECES", "category": {"code": "Master - Lids", "title": "Крышки"},
    "offer": {"code": "355654asiuowl", "isImeiRequired": False, "name": "Крышка"},
}  # fmt: skip
# The recorded payloads lie beside the checkout of the one who has them.
RECORDED = Path(
    os.environ.get("KASPI_SAMPLES", Path(__file__).parents[3] / "shared" / "data" / "kaspi_samples" / "shop_api")
)


def told(*orders: Any, entries: tuple[Any, ...] = ()) -> list[tuple[str, str, str]]:
    watch = DriftWatch()
    for order in orders:
        watch.order(order)
    for entry in entries:
        watch.entry(entry)
    return [(one.kind, one.path, one.detail) for one in watch.findings()]


def test_what_is_known_is_no_drift() -> None:
    assert told(ORDER, dict.fromkeys(ORDER), entries=(ENTRY, {**ENTRY, "offer": None})) == []
    older = {name: ORDER[name] for name in ("code", "state", "status", "totalPrice", "creationDate")}
    assert (
        told({**older, "waybillNumber": "1", "waybill": "…", "returnedToWarehouse": False, "totalPrice": 96045}) == []
    )


def test_every_field_that_is_read_is_known_and_what_reading_needs_is_required() -> None:
    from msgspec import structs

    from include.kaspi.payloads import Entry, Order

    for root, model in (("order", Order), ("entry", Entry)):
        todo: list[tuple[str, Any]] = [(root, model)]
        while todo:
            path, part = todo.pop()
            told_of = structs.fields(part)
            assert {one.name for one in told_of} <= set(drift.KNOWN[path])
            assert {one.name for one in told_of if one.required} == set(drift.REQUIRED.get(path, ()))
            for one in told_of:
                kinds = getattr(one.type, "__args__", (one.type,))
                todo += [(f"{path}.{one.name}", kind) for kind in kinds if hasattr(kind, "__struct_fields__")]


def test_what_is_new_missing_or_of_another_type_is_named() -> None:
    changed = {
        **ORDER,
        "returnReason": "Айгүл",
        "code": 496149022,
        "originAddress": [],
        "kaspiDelivery": {**ORDER["kaspiDelivery"], "returnedToWarehouse": "Айгүл", "lastMile": {}},
    }
    del changed["totalPrice"]
    assert told(changed, entries=({**ENTRY, "offer": {"name": "x"}, "quantity": "1"},)) == [
        ("missing", "entry.offer.code", "a string is needed"),
        ("retyped", "entry.quantity", "string instead of number"),
        ("retyped", "order.code", "number instead of string"),
        ("new", "order.kaspiDelivery.lastMile", "object"),
        ("retyped", "order.kaspiDelivery.returnedToWarehouse", "string instead of boolean"),
        ("retyped", "order.originAddress", "array instead of object"),
        ("new", "order.returnReason", "string"),
        ("missing", "order.totalPrice", "a number is needed"),
    ]


def test_the_same_shape_is_counted_and_its_first_order_named() -> None:
    watch = DriftWatch()
    for n in range(5):
        watch.order({**ORDER, "x": n}, f"order {n}")
    watch.order(ORDER, "order 5")
    assert watch.findings() == [Drift("new", "order.x", "number", 5, "order 0")]


def test_a_whole_payload_is_read_from_its_bytes() -> None:
    watch = DriftWatch()
    order, entry = {"attributes": {**ORDER, "x": 1}}, {"attributes": {**ENTRY, "y": "z"}}
    watch.payload(json.dumps({"order": order, "entries": [entry, entry]}).encode(), "o1")
    watch.payload(json.dumps({"order": {}, "entries": [{"attributes": []}]}).encode())
    watch.payload(b"<html>")
    assert [(one.kind, one.path, one.count_of_examples) for one in watch.findings()] == [
        ("retyped", "entry", 1),
        ("new", "entry.y", 2),
        ("retyped", "order", 1),
        ("new", "order.x", 1),
        ("retyped", "payload", 1),
    ]


def test_what_no_order_of_many_has_is_missing_though_none_needs_it() -> None:
    poor = {name: value for name, value in ORDER.items() if name not in ("pickupPointId", "originAddress")}
    assert told(*[poor] * (drift.ENOUGH_ORDERS - 1)) == []
    assert told(*[poor] * drift.ENOUGH_ORDERS) == [
        ("missing", "order.pickupPointId|originAddress", "no order of many has it")
    ]
    assert told(*[poor] * drift.ENOUGH_ORDERS, ORDER) == []


def test_a_name_that_is_a_number_is_not_told_and_a_long_one_is_cut() -> None:
    assert told({**ORDER, "77015550101": 1, "9" * 300: 1, "ё" * 300: 1, "a\x00b\ud800": 1}) == [
        ("new", "order.#", "number"),
        ("new", "order.a�b�", "number"),
        ("new", "order." + "ё" * (drift.LONGEST_NAME - 1) + "…", "number"),
    ]


def test_an_attacker_fills_no_memory() -> None:
    watch = DriftWatch()
    for n in range(drift.MOST_SHAPES * 2):
        name = "".join(chr(97 + int(digit)) for digit in str(n))
        watch.order({**ORDER, name: 1})
    watch.order({"f" * n: n for n in range(1, 3000)})
    assert len(watch.findings()) <= drift.MOST_FINDINGS + 1
    assert len(watch._order.shapes) <= drift.MOST_SHAPES
    assert all(len(key) <= 2 * drift.WIDEST_SHAPE for key in watch._order.shapes)
    assert sum(one.count_of_examples for one in watch.findings()) >= drift.MOST_SHAPES * 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(changes=st.dictionaries(st.sampled_from([*ORDER, "fresh", "Жаңа"]), JSON, max_size=6), whole=JSON)
@settings(max_examples=150, deadline=None)
def test_whatever_comes_nothing_raises_and_no_value_is_told(changes: dict[str, Any], whole: Any) -> None:
    secret = "qwertz-secret"
    watch = DriftWatch()
    watch.order({**ORDER, **changes, "note": secret, "kaspiDelivery": {"x": secret, **dict.fromkeys(changes, secret)}})
    watch.order(whole)
    watch.entry(whole)
    watch.entry({**ENTRY, "offer": whole, "category": secret})
    text = json.dumps([[one.kind, one.path, one.detail, one.example_order_id] for one in watch.findings()])
    assert secret not in text
    known = set(drift.JSON_TYPE.values())
    for one in watch.findings():
        assert set(re.findall(r"[a-z]+", one.detail)) <= known | {"instead", "of", "a", "is", "needed", "value"}


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded payloads are not here")
def test_no_recorded_payload_drifts() -> None:
    orders: list[dict[str, Any]] = []
    entries: list[dict[str, Any]] = []
    for path in sorted(RECORDED.glob("*.json")):
        if path.name.startswith(("status_", "live_order_fragment")):
            continue
        document = json.loads(path.read_text(encoding="utf-8"))
        if path.name.endswith(".attributes.json"):
            (entries if "entry" in path.name else orders).append(document)
            continue
        data = document.get("data", []) if isinstance(document, dict) else []
        for one in [*(data if isinstance(data, list) else [data]), *(document.get("included", []) if data else [])]:
            if one["type"] == "orders":
                whole = one["attributes"]
                orders += [whole, {name: value for name, value in whole.items() if name != "customer"}]
            elif one["type"] == "orderentries":
                entries.append(one["attributes"])
    assert len(orders) >= 5 and len(entries) >= 4
    assert told(*orders, entries=tuple(entries)) == []
    # Its source left parts of this order out: what is there is known.
    fragment = json.loads((RECORDED / "live_order_fragment_before_assemble.json").read_text(encoding="utf-8"))
    assert {kind for kind, _path, _detail in told(fragment["attributes"])} == {"missing"}


def test_every_reason_of_a_cancellation_that_was_met_is_known() -> None:
    met = (
        "BUYER_CANCELLATION_BY_MERCHANT BUYER_NOT_REACHABLE MERCHANT_OUT_OF_STOCK BUYER_CANCELLATION_HIMSELF "
        "BUYER_CANCELLATION_BY_COURIER BUYER_CANCELLATION_BY_CSC TIMEOUT_BUYER_PICKUP TIMEOUT_BUYER_SIGNATURE "
        "TIMEOUT_KASPI_DELIVERY TIMEOUT_MERCHANT_DELIVERY RFO_REJECTED TECHNICAL_PROBLEM_CANCELLATION"
    )
    assert set(met.split()) == drift.KNOWN_CANCELLATION_REASONS


def test_an_order_of_a_known_shape_costs_microseconds() -> None:
    watch = DriftWatch()
    watch.order(ORDER)
    best = min(timeit.repeat(lambda: watch.order(ORDER), number=2000, repeat=7)) / 2000
    assert best < 15e-6, f"{best * 1e6:.1f} µs; 2.6 µs were measured on a quiet machine"
