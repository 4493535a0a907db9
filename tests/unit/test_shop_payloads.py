"""The parser against the payloads Kaspi's documentation and live clients have shown, and against poison."""

import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import ValidationError

from include.db.copying import instant
from include.kaspi import records as records_module
from include.kaspi.payloads import Entry, Order, whole_tenge
from include.kaspi.privacy import contact_of, content_hash, in_order, without_person

SAMPLES = Path(
    os.environ.get("KASPI_SAMPLES", Path(__file__).parents[3] / "shared" / "data" / "kaspi_samples" / "shop_api")
)
needs_samples = pytest.mark.skipif(
    not SAMPLES.is_dir(),
    reason="the verbatim payloads are not beside this checkout: name their folder in KASPI_SAMPLES",
)
RESPONSES = (
    "orders_list.response.json",
    "order_by_code.response.json",
    "orders_list_kaspi_delivery_cancelling_with_entries.response.json",
)


def sample(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text(encoding="utf-8"))


def order_of(attributes: Any) -> Order:
    return msgspec.json.decode(json.dumps(attributes), type=Order)


def entry_of(attributes: Any) -> Entry:
    return msgspec.json.decode(json.dumps(attributes), type=Entry)


@needs_samples
def test_every_sample_is_known_to_this_test() -> None:
    """A new sample file must be given a place below."""
    known = {
        *RESPONSES,
        "orders_list_pickup.attributes.json",
        "live_order_fragment_before_assemble.json",
        "order_entries.response.json",
        "orderentry_single.response.json",
        "orders_list_pickup.included_entry.attributes.json",
        "orderentry_product.response.json",
        "masterproduct_merchantProduct.response.json",
        "orderentry_deliveryPointOfService.response.json",
        "pointofservice.response.json",
        "errors_verbatim.txt",
    }
    writes = {
        path.name for path in SAMPLES.iterdir() if path.name.startswith(("status_", "order_entry_", "order_partial_"))
    }
    assert {path.name for path in SAMPLES.iterdir()} == known | writes


@needs_samples
@pytest.mark.parametrize("name", RESPONSES)
def test_a_documented_list_of_orders_is_read_and_loses_its_buyer(name: str) -> None:
    document = sample(name)
    for raw in document["data"]:
        clean = json.loads(without_person(json.dumps(raw).encode()))
        order = order_of(clean["attributes"])
        assert order.code and order.totalPrice >= 0 and order.creationDate
        text = json.dumps(clean, ensure_ascii=False)
        assert not any(
            word in text.replace('"streetName": " улица', "") for word in ("Иван", "7xx0", "7021234567", "Марат")
        )
        assert "customer" not in clean["attributes"] and "user" not in clean.get("relationships", {})
    for one in document.get("included", []):
        if one["type"] == "orderentries":
            assert entry_of(one["attributes"]).quantity >= 1


@needs_samples
def test_the_cancelling_order_shows_its_delivery_and_reason() -> None:
    order = order_of(
        sample("orders_list_kaspi_delivery_cancelling_with_entries.response.json")["data"][0]["attributes"]
    )
    assert (order.status, order.cancellationReason) == ("CANCELLING", "TIMEOUT_BUYER_PICKUP")
    assert (order.delivery.waybillNumber, order.delivery.returnedToWarehouse) == ("101110589", False)
    handed_over = dt.datetime(2025, 4, 27, 12, 1, 14, tzinfo=dt.UTC)
    assert order.delivery.courierTransmissionDate == handed_over.timestamp() * 1000
    since_2000 = handed_over - dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
    assert instant(handed_over.timestamp() * 1000) == since_2000 // dt.timedelta(microseconds=1)
    assert (order.store_id, order.deliveryCostForSeller) == ("00005678", 895)


@needs_samples
def test_attributes_and_fragments_are_read_or_refused_with_the_field_named() -> None:
    assert order_of(sample("orders_list_pickup.attributes.json")).state == "PICKUP"
    with pytest.raises(ValidationError, match="missing required field `creationDate`"):  # the live fragment has none
        order_of(sample("live_order_fragment_before_assemble.json")["attributes"])


@needs_samples
def test_lines_are_read_with_and_without_an_offer() -> None:
    listed = [entry_of(one["attributes"]) for one in sample("order_entries.response.json")["data"]]
    assert [(one.quantity, one.basePrice, one.offer) for one in listed] == [(2, 2000, None)]
    assert entry_of(sample("orderentry_single.response.json")["data"]["attributes"]).entryNumber >= 0
    offered = entry_of(sample("orders_list_pickup.included_entry.attributes.json"))
    assert offered.offer and offered.offer.code == "259204"
    assert sample("orderentry_product.response.json")["data"]["id"]
    assert sample("masterproduct_merchantProduct.response.json")["data"]["attributes"]["code"] == "103403297"


@needs_samples
@pytest.mark.parametrize("path", sorted(SAMPLES.glob("status_*.response.json")), ids=lambda path: path.stem)
def test_answers_to_status_writes_are_documents(path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["data"]["type"] == "orders" and document["data"]["attributes"]["status"]


GOOD = {"code": "1", "state": "NEW", "status": "NEW", "totalPrice": 10.0, "creationDate": 1745691162415}


@pytest.mark.parametrize(
    "wrong",
    [
        {"totalPrice": -1},
        {"totalPrice": "10"},
        {"creationDate": 1745691162},  # seconds: 1970
        {"creationDate": 253402300799000},  # the year 9999
        {"creationDate": "2025-04-26"},
        {"creationDate": 10**30},
        {"state": ""},
        {"code": None},
    ],
)
def test_a_value_that_cannot_be_true_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        order_of({**GOOD, **wrong})


def test_a_fraction_of_a_tenge_is_refused_and_whole_ones_are_numbers_without_a_point() -> None:
    assert whole_tenge(order_of(GOOD).totalPrice, "totalPrice") == 10
    with pytest.raises(ValueError, match="totalPrice is not a whole number"):
        whole_tenge(10.5, "totalPrice")


def test_unknown_fields_states_and_statuses_pass() -> None:
    order = order_of({**GOOD, "state": "MOON", "status": "LOST_IN_SPACE", "newField": {"a": [1]}})
    assert (order.state, order.status) == ("MOON", "LOST_IN_SPACE")


def test_a_masked_phone_is_no_contact() -> None:
    order = {"attributes": {"customer": {"firstName": "А", "lastName": "Б", "cellPhone": "7010000001"}}}
    found = contact_of(json.dumps(order).encode())
    assert found is not None and (found.name, found.phone) == ("А Б", "7010000001")
    order["attributes"]["customer"]["cellPhone"] = "7xx0xxxxxx"
    assert contact_of(json.dumps(order).encode()) is None


@given(st.dictionaries(st.text(max_size=5), st.integers(-(2**53), 2**53) | st.text(max_size=5), max_size=6))
def test_the_hash_knows_content_not_order(attributes: dict[str, Any]) -> None:
    def digest(content: dict[str, Any]) -> bytes:
        return content_hash(in_order(json.dumps({"id": "1", "attributes": content}).encode()))

    assert digest(attributes) == digest(dict(reversed(attributes.items())))
    assert digest({**attributes, "one more": 1}) != digest(attributes)


WORDS = st.text(max_size=4)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(WORDS, VALUES, max_size=4), st.sampled_from([*'{}[],:"\\', "я", "\n"]))
def test_a_page_cut_by_its_brackets_is_the_page_as_read(attributes: dict[str, Any], tricky: str) -> None:
    """The slow way, for pages that hold a poisoned record, cuts where the JSON reader would."""
    records = [{"id": "1", "attributes": attributes}, {"id": tricky * 3, "deep": [[{tricky: "]"}]]}]
    page = json.dumps({"data": records, "included": records[:1], "meta": {"pageCount": 2, "totalCount": 102}}).encode()
    cut, read = records_module._cut(page), records_module.document_of(page)
    assert list(map(bytes, cut.data or ())) == list(map(bytes, read.data or ()))
    assert list(map(bytes, cut.included or ())) == list(map(bytes, read.included or ()))
    assert cut.meta == read.meta


@pytest.mark.parametrize(
    "poison",
    [
        b'{"id": "x", "a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"id": "x", "a": "\\ud800"}',
        b'{"id": "x", "a": "\x00"}',
        b'{"id": "x", "a": NaN}',
        b'{"id": "x", "a": "' + b"x" * 10_000_000 + b'"}',
    ],
    ids=["nesting", "surrogate", "NUL", "NaN", "10 MB"],
)
def test_a_poisoned_record_leaves_the_others_of_its_page_readable(poison: bytes) -> None:
    page = b'{"data": [{"id": "1"}, ' + poison + b', {"id": "3"}], "meta": {"pageCount": 1, "totalCount": 3}}'
    document = records_module.document_of(page)
    assert document.data is not None and len(document.data) == 3
    assert [bytes(document.data[n]) for n in (0, 2)] == [b'{"id": "1"}', b'{"id": "3"}']


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"data": [{"id": "1"}', b'{"data": {"id": 1}}', b'"x"'])
def test_a_body_without_a_list_of_records_is_no_document(body: bytes) -> None:
    with pytest.raises(records_module.NoDocument):
        records_module.document_of(body)
