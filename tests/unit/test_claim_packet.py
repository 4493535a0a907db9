"""The packet of a claim: readable in three languages, the same bytes for the same data, the photos as they are kept."""

import datetime as dt
import hashlib
import io

import pypdfium2
import pytest

from include.domain.claims import Code
from include.domain.days import ALMATY
from include.locale.words import LANGUAGES, words
from include.reports.claim_packet import Packet, Photo, packet_pdf
from tests.claim_world import picture

AT = dt.datetime(2026, 11, 2, 10, 5, tzinfo=ALMATY)


def photo(shade: int) -> Photo:
    jpeg = picture(shade=shade)
    return Photo(jpeg, AT, "w1-insp-2", hashlib.sha256(jpeg).hexdigest())


def packet(*photos: Photo, **changes: object) -> Packet:
    facts = {
        "claim_id": "0b1c2d3e-0000-5000-8000-000000000000", "merchant": "Жібек жолы & Ко", "as_of": AT, "due_at": AT,
        "tier": 30, "amount": 5_999, "price": 19_999, "why": [Code.DAMAGE_FOUND, Code.ACT_HAS_NOTE, Code.SAME_CITY],
        "notes": [], "order_code": "707512345", "waybill": "KZ0001", "return_label": "707512345-1-R",
        "carrier": "Kaspi Доставка", "city": "Өскемен", "same_city": True, "return_kind": "customer_return", "sku": "S",
        "product": "Чайник <электрический> «Қайнар»", "unit_label": "W1-000042", "return_order_no": "RO-42",
        "received_at": AT, "received_by": "w1-dock-1", "act_note": "коробка порвана", "dock_note": None,
        "inspected_at": AT,
        "inspected_by": "w1-insp-2", "finding": "damaged_in_transit", "grade": "C", "packaging_intact": False,
        "complete": True, "documents": None, "signs_of_use": False, "defects": ("вмятина на корпусе", "скол"),
    }  # fmt: skip
    return Packet(**{**facts, "photos": photos, **changes})  # type: ignore[arg-type]


def pages(body: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(io.BytesIO(body))
    try:
        return [" ".join(page.get_textpage().get_text_range().split()) for page in document]
    finally:
        document.close()


def test_the_claim_the_act_and_the_photos_are_its_pages() -> None:
    claim, act, shown = pages(packet_pdf(packet(photo(190), photo(150)), words("ru")))
    assert "Претензия" in claim and "5 999" in claim.replace("\xa0", " ") and "707512345" in claim
    assert "Жібек жолы & Ко" in claim and "Өскемен" in claim and "₸" in claim
    assert act.startswith("Акт возврата")
    for said in ("RO-42", "коробка порвана", "вмятина на корпусе; скол", "«Қайнар»", "w1-dock-1", "<электрический>"):
        assert said in act, said
    assert hashlib.sha256(picture(shade=190)).hexdigest() in shown
    assert "2 из 3" in act


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_all_of_it(language: str) -> None:
    found = pages(packet_pdf(packet(photo(190)), words(language)))
    assert len(found) == 3
    heads = {"ru": "Акт возврата", "kk": "Қайтару актісі", "en": "Return act"}
    assert found[1].startswith(heads[language])


def test_the_same_data_give_the_same_bytes_and_other_data_others() -> None:
    one = packet_pdf(packet(photo(190)), words("ru"))
    assert packet_pdf(packet(photo(190)), words("ru")) == one
    assert packet_pdf(packet(photo(190), amount=6_000), words("ru")) != one


def test_a_packet_of_a_draft_says_what_is_not_known() -> None:
    bare = packet(
        tier=None, amount=None, price=None, act_note=None, same_city=None, inspected_at=None, finding=None, defects=(),
        waybill=None, city=None, carrier=None,
    )  # fmt: skip
    claim, act = pages(packet_pdf(bare, words("en")))
    assert "not named: the price is not known" in claim
    assert "Note of damage at receipt none" in act and "not yet" in act
    assert "Seen by the warehouse" not in act
    seen = pages(packet_pdf(packet(act_note=None, dock_note="a corner <dented>"), words("en")))[1]
    assert "Note of damage at receipt none" in seen and "Seen by the warehouse at receipt a corner <dented>" in seen


def test_the_photos_are_put_in_as_they_are_kept() -> None:
    """Evidence is not encoded anew: the JPEG's own bytes stand in the file."""
    jpeg = picture()
    body = packet_pdf(packet(photo(190)), words("ru"))
    document = pypdfium2.PdfDocument(io.BytesIO(body))
    images = [thing for page in document for thing in page.get_objects() if isinstance(thing, pypdfium2.PdfImage)]
    kept = [bytes(image.get_data(decode_simple=True)) for image in images]
    document.close()
    assert kept == [jpeg]
