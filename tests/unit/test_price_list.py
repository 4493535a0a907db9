"""The overlay: everything of the merchant's comes through, ours is legal, bytes are a function of the facts."""

import datetime as dt
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from include.kaspi.price_list import (
    Addition,
    PriceList,
    PriceListError,
    ResaleOffer,
    Unplaced,
    compose,
    lowered,
    read,
    validate,
)
from include.kaspi.price_list.offers import Availability, Offer
from include.kaspi.price_list.overlay import obstacle
from include.kaspi.price_list.plain import PlainOffers
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


def elements(found: PriceList) -> list[etree._Element]:
    return offer_elements(etree.fromstring(found.body))


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

    old, new = elements(base), elements(composed)
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


# --- anything a merchant's program may write comes through


WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"), max_size=12
)


@st.composite
def offer_text(draw: st.DrawFn, prefix: str) -> tuple[str, str, list[tuple[str, int | None, bool]]]:
    """An offer as some program writes it: its text, its SKU, its rows of stores (id, count, switched on)."""
    quote = draw(st.sampled_from(("'", '"')))

    def attribute(name: str, value: str) -> str:
        written = escape(value, {quote: f"&#{ord(quote)};", "\n": "&#10;", "\t": "&#9;"})
        blank, equals = draw(st.sampled_from((" ", "  ", "\n"))), draw(st.sampled_from(("=", " = ")))
        return f"{blank}{name}{equals}{quote}{written}{quote}"

    def element(name: str, content: str, facts: str = "") -> str:
        return f"<{prefix}{name}{facts}>{content}</{prefix}{name}>"

    sku = draw(WORDS.filter(bool))
    rows, written = [], ""
    for store in draw(st.lists(st.sampled_from(("PP1", "PP2", "склад & ко")), min_size=1, max_size=3, unique=True)):
        count, on = draw(st.one_of(st.none(), st.integers(0, 99))), draw(st.booleans())
        facts = [attribute("storeId", store), attribute("available", "yes" if on else "no")]
        facts += [] if count is None else [attribute("stockCount", str(count))]
        facts += draw(st.sampled_from(([], [attribute("note", "> <!-- stockCount='7'".replace("<", "&lt;"))])))
        rows.append((store, count, on))
        written += f"<{prefix}availability{''.join(draw(st.permutations(facts)))}/>"
    noise = draw(
        st.sampled_from(("", "<!-- <offer sku='no'> -->", "<?pi <offer> ?>", "<![CDATA[</offer><offer>]]>", "<extra/>"))
    )
    model = element("model", escape(draw(WORDS)) + draw(st.sampled_from(("", "<![CDATA[ & <offer> ]]>"))))
    price = element("price", str(draw(st.integers(1, 10**6))))
    return (
        element("offer", f"{model}{noise}{element('availabilities', written)}{price}", attribute("sku", sku)),
        sku,
        rows,
    )


@st.composite
def lists(draw: st.DrawFn) -> bytes:
    prefix = draw(st.sampled_from(("", "k:")))
    offers = draw(st.lists(offer_text(prefix), min_size=1, max_size=6))
    between = draw(st.sampled_from(("", "\n", "<!-- an offer: <offer> -->\n")))
    declared = draw(
        st.sampled_from(('<?xml version="1.0" encoding="utf-8"?>', "", "<?xml version='1.0' encoding='windows-1251'?>"))
    )
    name = f"xmlns{':' + prefix[:-1] if prefix else ''}"
    text = (
        f'{declared}<{prefix}kaspi_catalog {name}="kaspiShopping" date="2026-11-01">'
        f"<{prefix}company>c</{prefix}company>"
        f"<{prefix}merchantid>1</{prefix}merchantid><{prefix}offers>{between.join(one for one, _, _ in offers)}"
        f"{between}</{prefix}offers></{prefix}kaspi_catalog>"
    )
    codec = "cp1251" if "1251" in declared else "utf-8"
    return (
        text.encode(codec, "xmlcharrefreplace")
        if "CDATA" not in text
        else text.replace("windows-1251", "utf-8").encode()
    )


WRITTEN = st.one_of(
    WORDS.map(escape),
    st.sampled_from(
        (" a ", "&quot;x&apos;", "&#1040;", "&#13;", "a\rb", "a\r\nb", "\u00a0", "&amp;lt;", "&amp;#9;", "]]", "7")
    ),
)


@st.composite
def plain_offer(draw: st.DrawFn) -> str:
    """An offer that has the form of Kaspi's example, with anything in its texts and values."""
    sku = draw(WRITTEN).replace('"', "&quot;")
    brand = draw(st.one_of(st.just(""), WRITTEN.map(lambda text: f"<brand>{text}</brand>")))
    facts = st.sampled_from(
        ("stockCount='1'", 'stockCount="7"', 'stockCount="&#55;"', 'available="yes"', 'available=" Yes "',
         'preOrder="5"', 'preOrder=""', 'storeId="a&amp;b"', 'storeId="PP1"', 'storeId="a>b"')
    )  # fmt: skip
    rows = st.lists(facts, max_size=4, unique_by=lambda fact: fact.split("=")[0])
    shelf = "".join(f"<availability {' '.join(one)}/>" for one in draw(st.lists(rows, max_size=3)))
    price = f"<price>{draw(WRITTEN)}</price>"
    cities = "".join(f'<cityprice cityId="{n}">{draw(WRITTEN)}</cityprice>' for n in range(draw(st.integers(0, 3))))
    money = draw(st.sampled_from((price, f"<cityprices>{cities}</cityprices>")))
    between = draw(st.sampled_from(("", "\n  ")))
    parts = (f"<model>{draw(WRITTEN)}</model>", brand, f"<availabilities>{shelf}</availabilities>", money)
    return f'<offer sku="{sku}">{between.join(parts)}</offer>'


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(plain_offer(), min_size=1, max_size=5))
def test_what_is_read_from_text_is_what_the_elements_say(offers: list[str]) -> None:
    """A comment in an offer lets it be read from its elements."""
    frame = '<kaspi_catalog xmlns="kaspiShopping"><offers>{}</offers></kaspi_catalog>'
    plain = frame.format("".join(offers)).encode()
    by_elements = frame.format("".join(offers).replace("</offer>", "<!-- --></offer>")).encode()
    assert read(plain).offers == read(by_elements).offers


def test_kaspis_own_form_is_read_from_its_text() -> None:
    text = (
        '<offer sku="A1"><model>Чайник &amp; чашка</model><brand>B</brand><availabilities>\n'
        '<availability available="yes" storeId="PP1" preOrder="0" stockCount="7"/></availabilities>'
        '<cityprices><cityprice cityId="1">900</cityprice><cityprice cityId="2">800</cityprice></cityprices></offer>'
    )
    row = Availability("PP1", True, 7, "0")
    found = PlainOffers(lambda _: (row,)).offer(3, text)
    assert found == Offer(3, "A1", "Чайник & чашка", "B", 800, (row,))
    for other in ("<!-- --></offer>", "<price>1</price></offer>", "</offer >"):
        assert PlainOffers(lambda _: (row,)).offer(3, text.replace("</offer>", other)) is None


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(body=lists(), data=st.data())
def test_any_base_list_comes_through_and_only_what_is_added_to_is_higher(body: bytes, data: st.DataObject) -> None:
    base = read(body)
    open_ = [
        (offer.sku, place.store_id)
        for offer in base.by_sku.values()
        for place in offer.availabilities
        if obstacle(base, offer.sku, place.store_id) is None
    ]
    chosen = data.draw(st.lists(st.sampled_from(open_), unique=True)) if open_ else []
    additions = [Addition(sku, store_id, data.draw(st.integers(1, 9))) for sku, store_id in chosen]
    model = next(iter(base.by_sku), None)
    resale = [] if model is None else [ResaleOffer("OURS1", model, (("PP1", 3),), 77)]

    composed = read(compose(base, additions, resale, NOW))

    old, new = elements(base), elements(composed)
    assert old and [whole(one) for one in elements(read(body))] == [whole(one) for one in old]
    assert len(new) == len(old) + len(resale)
    added = {(one.offer_sku, one.store_id): one.quantity for one in additions}
    for offer, before, after in zip(base.offers, old, new, strict=False):
        assert canonical(before) == canonical(after)
        for place in offer.availabilities:
            now = composed.offers[offer.position].at(place.store_id)
            assert now is not None
            extra = added.get((offer.sku, place.store_id), 0) if offer.sku in base.by_sku else 0
            assert now.stock_count == (None if place.stock_count is None else place.stock_count + extra)
            assert now.available == place.available
        if not any(sku == offer.sku for sku, _ in added):
            assert composed.bytes_of(composed.offers[offer.position]) == base.bytes_of(offer)
    assert read(compose(base, additions, resale, NOW), like=base) == composed
    back = lowered(composed, len(base.offers), added, None)
    assert back.offers == base.offers


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(served=lists(), fresh=lists())
def test_a_lowered_list_loses_nothing_and_raises_nothing(served: bytes, fresh: bytes) -> None:
    before, now = read(served), read(fresh)

    after = lowered(before, len(before.offers), {}, now)

    assert [(one.sku, one.model, one.price) for one in after.offers] == [
        (one.sku, one.model, one.price) for one in before.offers
    ]
    for old, new in zip(before.offers, after.offers, strict=True):
        for was, place in zip(old.availabilities, new.availabilities, strict=True):
            theirs = [row for one in now.offers if one.sku == old.sku for row in [one.at(was.store_id)] if row]
            counts = [row.stock_count for row in theirs if row.stock_count is not None]
            if was.stock_count is None:
                assert place.stock_count is None
            else:
                assert place.stock_count == min([was.stock_count, *counts])
            assert place.available == (was.available and (not theirs or any(row.available for row in theirs)))


def test_a_list_in_another_encoding_is_published_in_utf_8() -> None:
    body = DIRTY.decode().replace("utf-8", "windows-1251").encode("cp1251")

    composed = compose(read(body), [Addition("A1", "PP1", 1)], [], NOW)

    assert "Чайник &amp; чашка".encode() in composed
    assert read(composed).by_sku["A1"].at("PP1") == Availability("PP1", True, 3)


def test_a_long_list_is_read_in_portions() -> None:
    offers = "".join(
        f'<offer sku="S{n}"><model>m{n}</model><availabilities><availability available="yes" storeId="PP1" '
        f'stockCount="{n}"/></availabilities><price>{"x" if n in (0, 1_234) else n}</price></offer>'
        for n in range(1_300)
    )
    head = '<kaspi_catalog xmlns="kaspiShopping" date="d"><company/><merchantid/><offers>'
    base = read(f"{head}{offers}</offers></kaspi_catalog>".encode())

    assert [offer.position for offer in base.offers] == list(range(1_300))
    assert base.offers[1_299].at("PP1") == Availability("PP1", True, 1_299)
    found = validate(base, 1_000)
    assert {(one.severity, one.offer_sku) for one in found if one.rule == "xsd"} == {
        ("warning", "S0"),
        ("error", "S1234"),
    }


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<kaspi_catalog><offers><offer sku='1'></offers></kaspi_catalog>", "not closed"),
        (b"<kaspi_catalog><offers><offer sku='1'><model></offer></offers></kaspi_catalog>", "not well-formed"),
        (b"<kaspi_catalog><offers/><offer sku='1'/></kaspi_catalog>", "elsewhere"),
        (b"<kaspi_catalog><offers><g><offer sku='1'/></g></offers></kaspi_catalog>", "elsewhere"),
        (b"<kaspi_catalog><offers><offer sku='1'>&nope;</offer></offers></kaspi_catalog>", "not well-formed"),
    ],
)
def test_what_stands_in_no_place_is_refused(body: bytes, message: str) -> None:
    with pytest.raises(PriceListError, match=message):
        read(body)
