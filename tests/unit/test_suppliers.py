"""Whose defect a piece is, what counts say of an agreed rate, and how exact the interval is that they are said by."""

import io
import itertools
import re
from pathlib import Path
from typing import Any

import openpyxl
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from statsmodels.stats.proportion import proportion_confint

from include.analytics.rates import exact
from include.console.supplier_charts import trend
from include.domain.reasons import OWNERS
from include.domain.suppliers import Fault, Rate, Verdict, Why, against, counted, fault, not_claimable, verdict
from include.domain.unit_life import STATES
from include.flows.suppliers import Part, Period, month_days
from include.locale.words import LANGUAGES, words
from include.reports.supplier_claim import Paper, claim_pdf
from include.reports.supplier_claim_book import claim_book
from tests.claim_world import picture
from tests.supplier_world import NOW

FINDINGS = [*OWNERS, "no_fault", None]
MAYBE = (True, False, None)


def rate(found: int, n: int, agreed: float | None) -> Rate:
    share = exact(found, n)
    return Rate(found, n, share.lo, share.hi, agreed)


NOTHING = rate(0, 0, None)


@pytest.mark.parametrize(
    ("finding", "packaging_intact", "signs_of_use", "whose"),
    [
        ("defective", False, True, Fault.DEFECTIVE),
        ("defective", None, None, Fault.DEFECTIVE),
        ("incomplete", True, False, Fault.INCOMPLETE),
        ("incomplete", False, False, None),
        ("incomplete", True, True, None),
        ("incomplete", None, False, None),
        ("damaged_in_transit", True, False, None),
        ("not_as_described", True, False, None),
        ("no_fault", True, False, None),
        (None, True, False, None),
    ],
)
def test_which_pieces_are_the_suppliers_defect(
    finding: str | None, packaging_intact: bool | None, signs_of_use: bool | None, whose: Fault | None
) -> None:
    assert fault(finding, "inspected", packaging_intact=packaging_intact, signs_of_use=signs_of_use) is whose


def test_only_two_findings_are_ever_his_and_an_open_box_never_makes_more_of_them() -> None:
    for finding, state, intact, used in itertools.product(FINDINGS, STATES, MAYBE, MAYBE):
        found = fault(finding, state, packaging_intact=intact, signs_of_use=used)
        assert found is None or finding in ("defective", "incomplete")
        assert found is None or counted(finding, state)
        opened = fault(finding, state, packaging_intact=False, signs_of_use=used)
        assert opened in (None, found)
        if not counted(finding, state):
            assert "wrong_item" in (finding, state)


def test_what_can_be_claimed() -> None:
    assert not_claimable(Fault.DEFECTIVE, "Aurum", "to_supplier", claimed=False) is None
    assert not_claimable(None, "Aurum", "inspected", claimed=False) is Why.NO_FAULT
    assert not_claimable(Fault.DEFECTIVE, "unknown", "inspected", claimed=False) is Why.NO_SUPPLIER
    assert not_claimable(Fault.DEFECTIVE, "Aurum", "inspected", claimed=True) is Why.CLAIMED
    for state in STATES:
        refusal = not_claimable(Fault.DEFECTIVE, "Aurum", state, claimed=False)
        assert (refusal is None) == (state not in ("resold", "returned_to_buyer"))


@pytest.mark.parametrize(
    ("inspected", "sold", "said"),
    [
        (rate(16, 55, 0.02), rate(14, 472, 0.01), Verdict.ABOVE),
        (rate(16, 55, 0.02), rate(9, 452, 0.016), Verdict.PERHAPS),
        (rate(2, 20, 0.02), rate(2, 2, 0.02), Verdict.PERHAPS),  # two pieces accuse nobody
        (rate(1, 21, 0.02), rate(0, 201, 0.02), Verdict.WITHIN),
        (rate(4, 25, 0.02), rate(4, 274, 0.02), Verdict.TOO_FEW),
        (rate(0, 400, 0.02), rate(0, 20, 0.02), Verdict.WITHIN),  # not even the returns show more
        (rate(40, 50, 0.02), rate(0, 0, 0.02), Verdict.PERHAPS),  # returns alone never accuse for sure
        (rate(0, 10, 0.02), NOTHING, Verdict.TOO_FEW),
        (rate(40, 50, None), NOTHING, Verdict.NO_AGREEMENT),
        (NOTHING, NOTHING, Verdict.NO_AGREEMENT),
    ],
)
def test_what_the_counts_say_of_the_agreed_rate(inspected: Rate, sold: Rate, said: Verdict) -> None:
    assert verdict(inspected, sold) is said


counts = st.integers(0, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
agreements = st.one_of(st.none(), st.floats(0, 1))


@settings(deadline=None)
@given(counts, counts, agreements)
def test_returns_alone_never_accuse_for_sure(inspected: tuple[int, int], sold: tuple[int, int], agreed: Any) -> None:
    said = verdict(rate(*inspected, agreed), rate(*sold, agreed if sold[1] else None))
    if said is Verdict.ABOVE:
        assert agreed is not None and sold[0] / sold[1] > agreed and sold[0] >= 3
    assert (said is Verdict.NO_AGREEMENT) == (agreed is None)


@settings(deadline=None)
@given(counts, st.floats(0, 1), st.floats(0, 1))
def test_a_stricter_agreement_is_never_kept_better(share: tuple[int, int], one: float, other: float) -> None:
    order = [Verdict.WITHIN, Verdict.TOO_FEW, Verdict.PERHAPS, Verdict.ABOVE]
    strict, mild = sorted((one, other))
    assert not share[1] or order.index(against(rate(*share, strict))) >= order.index(against(rate(*share, mild)))


@settings(deadline=None)
@given(counts)
def test_the_interval_is_that_of_the_library_with_the_share_in_it(share: tuple[int, int]) -> None:
    found = exact(*share)
    if not share[1]:
        assert (found.value, found.lo, found.hi) == (None, None, None)
        return
    assert found.lo is not None and found.hi is not None and found.value is not None
    assert found.lo <= found.value <= found.hi
    assert (found.lo, found.hi) == pytest.approx(proportion_confint(*share, method="beta"), abs=1e-9)


def test_more_than_there_are_is_no_share() -> None:
    with pytest.raises(ValueError, match="5 of 4"):
        exact(5, 4)


@pytest.mark.parametrize("agreed", [0.005, 0.01, 0.02, 0.05])
@pytest.mark.parametrize("n", [30, 100, 472, 2000])
def test_who_keeps_his_agreement_is_accused_for_sure_at_most_once_in_forty(agreed: float, n: int) -> None:
    """Added up over every count there can be: no simulation."""
    accused = [k for k in range(n + 1) if against(rate(k, n, agreed)) is Verdict.ABOVE]
    assert binom.pmf(accused, n, agreed).sum() <= 0.025
    kept = [k for k in range(n + 1) if against(rate(k, n, agreed)) is Verdict.WITHIN]
    assert binom.pmf(kept, n, agreed * 1.0001).sum() <= 0.025, "who exceeds it is let off as rarely"


def test_the_page_of_the_method_tells_the_chances_there_are() -> None:
    """Its table is what the rule does, added up over every possible count; 2 % were agreed."""
    page = (Path(__file__).parents[2] / "docs" / "methods" / "suppliers.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| (\d+) \| (\d+) % \| (.*) % \|$", page, flags=re.MULTILINE)
    assert len(lines) == 7
    for sold, true, told in lines:
        chances = dict.fromkeys((Verdict.ABOVE, Verdict.PERHAPS, Verdict.TOO_FEW, Verdict.WITHIN), 0.0)
        for found in range(int(sold) + 1):
            chances[against(rate(found, int(sold), 0.02))] += binom.pmf(found, int(sold), int(true) / 100)
        assert [f"{chance:.0%}" for chance in chances.values()] == [f"{one}%" for one in told.split(" % | ")]


def test_days_that_nobody_can_read_are_the_last_half_year() -> None:
    assert Period.of("2026-13-01", "x", NOW) == Period.of(None, None, NOW)
    assert (Period.of(None, None, NOW).last - Period.of(None, None, NOW).first).days == 179
    turned = Period.of("2026-10-05", "2026-10-01", NOW)
    assert turned == Period.of("2026-10-01", "2026-10-05", NOW)
    assert [day.isoformat() for day in month_days("2026-02")] == ["2026-02-01", "2026-02-28"]
    assert month_days("2026-12")[1].isoformat() == "2026-12-31"


@settings(deadline=None)
@given(st.lists(counts, max_size=12), agreements)
def test_the_months_are_drawn_within_the_drawing(months: list[tuple[int, int]], agreed: Any) -> None:
    parts = [Part(f"2026-{n:02}", None, rate(*share, agreed)) for n, share in enumerate(months, start=1)]
    drawn = trend(parts, words("ru"))
    assert len(drawn["marks"]) == sum(share[1] > 0 for share in months)
    for mark in drawn["marks"]:
        assert 58 <= mark.x <= 716
        assert 12 <= mark.low <= mark.value <= round(mark.low + mark.height, 1) <= 170.0
        assert mark.agreed is None or 12 <= mark.agreed <= 170


# --- the files

NASTY = '=HYPERLINK("http://x";"y")'


def content(**more: Any) -> dict[str, Any]:
    one = {
        "unit_id": "6f1c9a52-0a3e-5d8b-9c47-71a17a7a7a31", "unit_label": "W1-000001", "return_order_no": "RO-1",
        "order_code": "700001", "sku": "+KET", "product_name": NASTY, "batch": "@B\x07", "category": "Чайники",
        "stated_reason": "defective", "finding": "defective", "fault": "defective", "grade": "C", "state": "inspected",
        "packaging_intact": True, "signs_of_use": True, "second_finding": "no_fault", "unit_cost": 9_000,
        "received_at": "2026-10-04T05:00:00+00:00", "inspected_at": "2026-10-05T05:00:00+00:00", "photos_kept": 1,
        "defects": [{"ru": "Не включается", "kk": "Қосылмайды", "en": "Does not switch on"}],
        "photos": [{"photo_id": "p1", "sha256": "ab" * 32, "taken_at": "2026-10-05T05:00:00+00:00", "actor": "w1"}],
    }  # fmt: skip
    share = {"found": 3, "counted": 400, "lo": 0.001, "hi": 0.02}
    return {
        "merchant": "Магазин <1>", "supplier": "-Север & Ко", "first_day": "2026-09-01", "last_day": "2026-11-16",
        "category": None, "sku": None, "batch": None, "finding": None, "amount": 9_000,
        "basis": {"agreed": 0.02, "verdict": "within", "returns": share, "sold": {**share, "counted": 0}},
        "units": [one, {**one, "unit_label": None, "unit_cost": None, "photos": [], "photos_kept": 0}], **more,
    }  # fmt: skip


def paper(**more: Any) -> Paper:
    return Paper(content(**more), "cd" * 32, "0b1c2d3e-0000-5000-8000-000000000000", "aliya", NOW)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pdf_names_pieces_findings_photos_sums_and_basis(language: str) -> None:
    body = claim_pdf(paper(), {"p1": picture()}, words(language))
    document = pypdfium2.PdfDocument(io.BytesIO(body))
    text = " ".join(" ".join(page.get_textpage().get_text_range() for page in document).split())
    whole = re.sub(r"[\s\ufffe]", "", text)  # a digest goes over two lines
    for told in ("W1-000001", "-Север & Ко", "Магазин <1>", "+KET", NASTY, "ab" * 32, "cd" * 32, "700001"):
        assert told.replace(" ", "") in whole, told
    defect = {"ru": "Не включается", "kk": "Қосылмайды", "en": "Does not switch on"}[language]
    assert defect in text
    assert words(language).money(9_000).replace("\u00a0", " ") in text.replace("\u00a0", " ")
    assert claim_pdf(paper(), {"p1": picture()}, words(language)) == body, "the same content, the same bytes"
    images = [thing for page in document for thing in page.get_objects() if isinstance(thing, pypdfium2.PdfImage)]
    assert [bytes(image.get_data(decode_simple=True)) for image in images] == [picture()]
    document.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_workbook_has_them_too_and_no_formula(language: str) -> None:
    body = claim_book(paper(), {"p1": picture()}, words(language))
    book = openpyxl.load_workbook(io.BytesIO(body))
    claim, goods, shown = book.worksheets
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not [cell.value for cell in cells if cell.data_type == "f"]
    assert NASTY in [cell.value for cell in cells]
    assert [goods.cell(row, 14).value for row in (2, 3, 4)] == [9_000, None, 9_000]
    assert goods.cell(2, 9).value.isoformat() == "2026-10-05T10:00:00", "as a clock in Almaty showed it"
    assert goods.cell(2, 7).value == "@B\ufffd"
    assert [image._data() for image in shown._images] == [picture()]
    assert "cd" * 32 in [cell.value for row in claim.iter_rows() for cell in row]


def test_a_photo_that_is_gone_is_said_and_a_draft_says_that_it_is_one() -> None:
    draft = Paper(content(), "cd" * 32)
    document = pypdfium2.PdfDocument(io.BytesIO(claim_pdf(draft, {}, words("en"))))
    text = " ".join(" ".join(page.get_textpage().get_text_range() for page in document).split())
    document.close()
    assert "The photo is not kept any more." in text
    assert text.startswith("Draft of a claim to a supplier")
    book = openpyxl.load_workbook(io.BytesIO(claim_book(draft, {}, words("en"))))
    assert book.worksheets[2].cell(2, 3).value == "The photo is not kept any more."
