"""The overlay: everything of the merchant's comes through, ours is legal, bytes are a function of the facts."""

import datetime as dt
from pathlib import Path

import pytest
from lxml import etree

from include.kaspi.price_list import Addition, PriceListError, ResaleOffer, Unplaced, compose, read, validate
from include.kaspi.price_list.overlay import obstacle
from include.kaspi.price_list.reading import offer_elements

SAMPLES = Path(__file__).resolve().parents[1] / "samples" / "feed"
REAL = (SAMPLES / "real_generated_feed_excerpt.xml").read_bytes()
GUIDE = (SAMPLES / "guide_example_price_list.xml").read_bytes()
NOW = dt.datetime(2026, 11, 15, 4, 5, tzinfo=dt.UTC)
PLACE = "myFavoritePickupPoint1"

DIRTY = f"""<?xml version="1.0" encoding="utf-8"?>
<kaspi_catalog date="2026-11-01" xmlns="kaspiShopping">
  <company>Лавка</company><merchantid>1</merchantid>
  <offers>
    <offer sku="A1"><model>Чайник &amp; чашка</model><availabilities>
      <availability available="yes" storeId="PP1" stockCount="2"/></availabilities><price>10000</price></offer>
    <!-- a remark of the merchant's own -->
    <offer sku="DOUBLE"><model>m</model><availabilities>
      <availability available="yes" storeId="PP1" stockCount="1"/></availabilities><price>500</price></offer>
    <offer sku="DOUBLE"><model>m</model><availabilities>
      <availability available="yes" storeId="PP1" stockCount="4"/></availabilities><price>500</price></offer>
    <offer sku="{"LONG" * 9}"><model>x</model><availabilities>
      <availability available="yes" storeId="PP1"/></availabilities><price>700</price></offer>
    <offer sku="OFF"><model>x</model><availabilities>
      <availability available="no" storeId="PP1" stockCount="3"/></availabilities><price>700</price></offer>
    <offer sku="PRE"><model>x</model><availabilities>
      <availability available="yes" storeId="PP1" preOrder="45" stockCount="1,5"/></availabilities>
      <price>70 000</price></offer>
  </offers>
</kaspi_catalog>
""".encode()


def canonical(offer: etree._Element) -> bytes:
    """The offer in canonical form, without what an addition may change."""
    copy = etree.fromstring(etree.tostring(offer, with_tail=False))
    for place in copy.iter("{*}availability"):
        place.attrib.pop("stockCount", "")
        place.attrib.pop("available", "")
    return etree.tostring(copy, method="c14n2")


def whole(offer: etree._Element) -> bytes:
    return etree.tostring(etree.fromstring(etree.tostring(offer, with_tail=False)), method="c14n2")


@pytest.mark.parametrize(
    ("body", "sku", "place"), [(REAL, "XK-100UB", PLACE), (GUIDE, "232130223", PLACE), (DIRTY, "A1", "PP1")]
)
def test_every_base_offer_comes_through(body: bytes, sku: str, place: str) -> None:
    base = read(body)
    before = base.by_sku[sku].at(place)
    assert before is not None
    assert before.stock_count is not None

    composed = read(compose(base, [Addition(sku, place, 2)], [ResaleOffer("NEWR", sku, ((place, 1),), 1_841)], NOW))

    old, new = offer_elements(base.root), offer_elements(composed.root)
    assert len(new) == len(old) + 1
    for position, element in enumerate(old):
        if base.offers[position].sku == sku:
            assert canonical(new[position]) == canonical(element)
            assert whole(new[position]) != whole(element)
        else:
            assert whole(new[position]) == whole(element)
    after = composed.by_sku[sku].at(place)
    assert after is not None
    assert after.stock_count == before.stock_count + 2
    ours = composed.offers[-1]
    assert (ours.sku, ours.model, ours.brand, ours.price) == (
        "NEWR", base.by_sku[sku].model, base.by_sku[sku].brand, 1_841,
    )  # fmt: skip
    assert "preOrder" not in etree.tostring(new[-1]).decode()


@pytest.mark.parametrize("body", [REAL, GUIDE])
def test_samples_keep_the_extended_schema(body: bytes) -> None:
    composed = read(compose(read(body), [], [], NOW))

    assert not [one for one in validate(composed, len(composed.offers)) if one.rule == "xsd"]


def test_dirty_base_offers_are_warned_about_and_ours_are_errors() -> None:
    base = read(DIRTY)
    composed = read(compose(base, [], [ResaleOffer("not legal!", "A1", (("PP1", 1),), 9_250)], NOW))

    found = validate(composed, len(base.offers))

    assert {(one.offer_sku, one.rule) for one in found if one.severity == "error"} == {("not legal!", "sku")}
    warned = {(one.offer_sku, one.rule) for one in found if one.severity == "warning"}
    assert {
        ("DOUBLE", "sku_unique"), ("LONG" * 9, "sku"), ("LONG" * 9, "stock_count"), ("PRE", "pre_order"),
        ("PRE", "stock_count"), ("PRE", "price"), ("PRE", "xsd"),
    } <= warned  # fmt: skip


def test_schema_errors_are_told_apart_by_whose_offer_it_is() -> None:
    body = REAL.replace(b"<price>1990</price>", b"<price>1 990</price>")

    base_at_fault = validate(read(body), 3)
    ours_at_fault = validate(read(body), 0)

    assert {one.severity for one in base_at_fault if one.rule == "xsd"} == {"warning"}
    assert {(one.severity, one.offer_sku) for one in ours_at_fault if one.rule == "xsd"} == {("error", "XK-100UB")}


@pytest.mark.parametrize(
    ("sku", "reason"),
    [
        ("DOUBLE", "more than once"),
        ("LONG" * 9, "no stockCount"),
        ("OFF", "switched the main offer off"),
        ("PRE", "no stockCount"),
        ("MISSING", "not in the base list"),
    ],
)
def test_offers_that_may_not_be_changed_say_why(sku: str, reason: str) -> None:
    base = read(DIRTY)

    assert reason in (obstacle(base, sku, "PP1") or "")
    with pytest.raises(Unplaced, match=reason):
        compose(base, [Addition(sku, "PP1", 1)], [], NOW)
    assert obstacle(base, "A1", "PP1") is None
    assert "this store" in (obstacle(base, "A1", "PP9") or "")


def test_the_date_is_no_part_of_the_content() -> None:
    base = read(DIRTY)
    redated = read(DIRTY.replace(b'date="2026-11-01"', b'date="2026-11-02"'))
    later = NOW + dt.timedelta(hours=1)

    assert base.sha256 == redated.sha256
    assert base.sha256 != read(DIRTY.replace(b">10000<", b">10001<")).sha256
    assert compose(base, [], [], NOW) == compose(base, [], [], NOW)
    assert compose(base, [], [], NOW) != compose(base, [], [], later)
    assert read(compose(base, [], [], NOW)).sha256 == read(compose(base, [], [], later)).sha256


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<kaspi_catalog>", "not well-formed"),
        (b"", "not well-formed"),
        (b"<html><body>502</body></html>", "not a kaspi_catalog"),
        (b"<kaspi_catalog/>", "no offers element"),
        (b'<!DOCTYPE a [<!ENTITY e "x">]><kaspi_catalog><offers/></kaspi_catalog>', "document type"),
    ],
)
def test_what_is_no_price_list_is_refused(body: bytes, message: str) -> None:
    with pytest.raises(PriceListError, match=message):
        read(body)
