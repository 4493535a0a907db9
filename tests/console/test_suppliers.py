"""The pages of suppliers: their numbers are those of mart, every number leads to its pieces, a claim and its files."""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit
from uuid import uuid4

import openpyxl
import pypdfium2
import pytest
from fastapi.testclient import TestClient

from include.db.connection import connect
from include.flows import suppliers
from include.locale.words import LANGUAGES
from tests.claim_world import unit
from tests.console.surroundings import User, app_of
from tests.supplier_world import NOW, SUPPLIER, furnish, photo, wanted

DAYS = "from=2026-09-01&to=2026-11-16"
GOODS = f"shop=shop&supplier={quote(SUPPLIER, safe='')}&{DAYS}"
STAFF = {
    "aliya": User("aliya", "supervisor"),
    "beket": User("beket", "viewer", "shop"),
    "dana": User("dana", "supervisor", "other"),
    "erlan": User("erlan", "inspector", "shop"),
}
# The same numbers straight from the contract, pieces and sold units side by side.
IN_MART = """
select
    count(*) as inspected,
    count(fault) as faults,
    count(*) filter (where fault is not null and claim_id is null and state not in ('resold', 'returned_to_buyer'))
        as open,
    count(claim_id) as claimed,
    (
        select sum(sold) from mart.cohort_weekly
        where merchant_id = 'shop' and supplier = %(supplier)s and horizon_days = 30 and mature
    ) as sold
from mart.supplier_piece
where merchant_id = 'shop' and supplier = %(supplier)s and finding <> 'wrong_item'
"""


class Clock:
    def now(self) -> Any:
        return NOW


@dataclass(frozen=True)
class Console:
    dsn: str

    def browser(self, name: str = "aliya") -> TestClient:
        app = app_of(self.dsn, STAFF[name], clock=Clock)
        return TestClient(app, headers={"sec-fetch-site": "same-origin"})

    def asked(self, statement: str) -> list[dict[str, Any]]:
        with connect(self.dsn) as conn:
            return conn.execute(statement.encode(), {"supplier": SUPPLIER}).fetchall()


@pytest.fixture(scope="module")
def console(new_warehouse: Callable[[], str]) -> Console:
    dsn = new_warehouse()
    with connect(dsn) as conn:
        furnish(conn)
    return Console(dsn)


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))


def figures(page: str) -> dict[str, tuple[int, str]]:
    """Every number that leads to pieces: by which pieces, the number and where to."""
    found = {}
    for address, number in re.findall(r'class="figure" href="([^"]*)">([\d\xa0 ]+)<', page):
        show = parse_qs(urlsplit(address.replace("&amp;", "&")).query).get("show", [""])[0]
        found.setdefault(show, (int(re.sub(r"\D", "", number)), address.replace("&amp;", "&")))
    return found


def listed(page: str) -> int:
    (count,) = re.findall(r'<h2 id="pieces-title">([\d\xa0]+)', page)
    return int(re.sub(r"\D", "", count))


def test_the_numbers_are_those_of_mart_and_each_leads_to_its_pieces(console: Console) -> None:
    (told,) = console.asked(IN_MART)
    browser = console.browser()
    page = browser.get(f"/suppliers/supplier?lang=ru&{GOODS}")
    found = figures(page.text)
    assert {show: number for show, (number, _address) in found.items()} == {
        "faults": told["faults"], "all": told["inspected"], "found": 6, "open": told["open"],
        "claimed": told["claimed"],
    }  # fmt: skip
    assert re.search(rf"/ {told['sold']}<", page.text)
    for number, address in found.values():
        assert listed(browser.get(f"/suppliers/{address.removeprefix('../suppliers/')}").text) == number
    rows = rows_of(browser.get(f"/suppliers.csv?lang=en&merchant=shop&{DAYS}").text)
    line = dict(zip(rows[0], next(row for row in rows if row[1] == SUPPLIER), strict=True))
    assert (line["inspected"], line["supplier's defects"], line["not claimed yet"], line["sold in mature weeks"]) == (
        str(told["inspected"]), str(told["faults"]), str(told["open"]), str(told["sold"]),
    )  # fmt: skip


def test_the_scorecard_and_the_supplier_say_the_same(console: Console) -> None:
    browser = console.browser()
    scorecard = browser.get(f"/suppliers?lang=ru&merchant=shop&{DAYS}").text
    row = next(part for part in scorecard.split("<tr>") if "Север" in part)
    beside = figures(browser.get(f"/suppliers/supplier?lang=ru&{GOODS}").text)
    for show, (number, address) in figures(row).items():
        assert beside[show] == (number, f"../{address}")
    assert "мало данных" in row
    assert "договорённость неизвестна" in scorecard, "of the supplier nobody named"
    kettles = browser.get(f"/suppliers?lang=ru&merchant=shop&category={quote('Чайники')}&{DAYS}").text
    assert figures(next(part for part in kettles.split("<tr>") if "Север" in part))["all"][0] == 7
    assert "Жарық" not in kettles


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_table_has_its_file_and_no_cell_is_a_formula(console: Console, language: str) -> None:
    browser = console.browser("beket")
    for by, count in (("sku", 3), ("finding", 4), ("batch", 3), ("month", 2)):
        rows = rows_of(browser.get(f"/suppliers/parts.csv?by={by}&lang={language}&{GOODS}").text)
        assert len(rows) == count + 1 and sum(int(row[2]) for row in rows[1:]) == 10
    rows = rows_of(browser.get(f"/suppliers/pieces.csv?lang={language}&{GOODS}").text)
    assert len(rows) == 11 and {row[5] for row in rows[1:]} == {"'=Товар KET-1", "'=Товар KET-2", "'=Товар HP-1"}
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@", "-"))]
    assert browser.get(f"/suppliers/parts.csv?by=actor&{GOODS}").status_code == 404


def test_a_file_of_pieces_that_does_not_hold_all_says_so(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("include.console.suppliers.IN_A_FILE", 4)
    rows = rows_of(console.browser("beket").get(f"/suppliers/pieces.csv?lang=en&{GOODS}").text)
    assert len(rows) == 6 and rows[5] == ["4 of 10 rows are here: narrow what you ask for"]


def test_goods_can_be_chosen_and_the_choice_taken_away(console: Console) -> None:
    browser = console.browser("beket")
    page = browser.get(f"/suppliers/supplier?lang=en&sku=HP-1&show=faults&{GOODS}").text
    assert listed(page) == 2 and "HP-1 ✕" in page
    assert listed(browser.get(f"/suppliers/supplier?lang=en&batch=B-2&{GOODS}").text) == 2
    assert listed(browser.get(f"/suppliers/supplier?lang=en&finding=incomplete&{GOODS}").text) == 2
    empty = browser.get(f"/suppliers/supplier?lang=en&{GOODS.replace('2026', '2020')}")
    assert empty.status_code == 200 and "Nothing was inspected or sold in these days." in empty.text
    assert browser.get("/suppliers/supplier?shop=shop&supplier=nobody").status_code == 404


def test_each_sees_his_own_merchants_suppliers(console: Console) -> None:
    others = GOODS.replace("shop=shop", "shop=other")
    assert "Магазин other" in console.browser().get(f"/suppliers?lang=en&{DAYS}").text
    for name, address in (
        ("beket", f"/suppliers/supplier?{others}"), ("beket", f"/suppliers/pieces.csv?{others}"),
        ("beket", f"/suppliers/parts.csv?{others}"), ("beket", f"/suppliers/draft.pdf?{others}"),
        ("dana", f"/suppliers/draft.xlsx?{GOODS}"), ("beket", "/suppliers?merchant=other"),
    ):  # fmt: skip
        assert console.browser(name).get(address).status_code == 404, address


def form_of(page: str) -> tuple[str, dict[str, str]]:
    """The form that makes the claim: where to, and what it says."""
    (form,) = re.findall(r'<form class="claim-step" method="post".*?</form>', page, flags=re.DOTALL)
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form)
    return re.findall(r'action="([^"]*)"', form)[0], {name: value.replace("&amp;", "&") for name, value in fields}


def pdf_text(body: bytes) -> tuple[str, list[bytes]]:
    document = pypdfium2.PdfDocument(io.BytesIO(body))
    text = " ".join(" ".join(page.get_textpage().get_text_range() for page in document).split())
    images = [thing for page in document for thing in page.get_objects() if isinstance(thing, pypdfium2.PdfImage)]
    kept = [bytes(image.get_data(decode_simple=True)) for image in images]
    document.close()
    return text, kept


def test_a_supervisor_claims_reads_both_files_and_withdraws(console: Console) -> None:
    browser = console.browser()
    page = browser.get(f"/suppliers/supplier?lang=en&sku=KET-1&{GOODS}").text
    assert "2 pieces have no photo" in page
    action, fields = form_of(page)
    assert action.endswith("suppliers/claims")
    done = browser.post("/suppliers/claims", data=fields)
    assert done.status_code == 200 and "It is written down." in done.text
    address = done.url.path
    assert browser.post("/suppliers/claims", data=fields).url.path == address, "sent twice"
    (row,) = console.asked("select * from mart.supplier_claim")
    assert (row["units"], row["amount"], row["actor"], row["supplier"]) == (3, 27_000, "aliya", SUPPLIER)
    units = console.asked("select unit_id from mart.supplier_piece where claim_id is not null order by unit_label")
    assert [one["unit_id"] for one in units] == [unit(1), unit(2), unit(3)]

    text, images = pdf_text(browser.get(f"{address}/claim.pdf?lang=ru").content)
    for told in ("W1-000001", "W1-000003", "некомплект в невскрытой упаковке", "27 000 ₸", "Магазин shop", "Север"):
        assert told in text.replace("\xa0", " "), told
    assert row["digest"] in re.sub(r"[\s\ufffe]", "", text)
    photos = console.asked("select jpeg from core.photo where unit_id = (select unit_id from mart.supplier_piece "
                           "where unit_label = 'W1-000001' and merchant_id = 'shop')")  # fmt: skip
    assert sorted(images) == sorted(bytes(one["jpeg"]) for one in photos)

    answer = browser.get(f"{address}/claim.xlsx?lang=ru")
    assert answer.headers["content-disposition"].endswith('.xlsx"')
    claim, goods, shown = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets
    assert [goods.cell(place, 14).value for place in range(2, 6)] == [9_000, 9_000, 9_000, 27_000]
    assert [goods.cell(place, 6).value for place in (2, 3, 4)] == ["=Товар KET-1"] * 3
    assert not [c for sheet in (claim, goods, shown) for line in sheet.iter_rows() for c in line if c.data_type == "f"]
    assert sorted(image._data() for image in shown._images) == sorted(images)
    assert row["digest"] in [cell.value for line in claim.iter_rows() for cell in line]

    again = browser.get(f"/suppliers/supplier?lang=en&sku=KET-1&{GOODS}").text
    assert "There is nothing to claim" in again and address.removeprefix("/") in again
    assert listed(browser.get(f"/suppliers/supplier?lang=en&show=claimed&{GOODS}").text) == 3
    assert 'method="post"' not in console.browser("beket").get(address).text
    for name in ("dana",):
        for more in ("", "/claim.pdf", "/claim.xlsx"):
            assert console.browser(name).get(f"{address}{more}").status_code == 404

    unsaid = browser.post(address, data={"lang": "en", "reason": " "})
    assert "Say why it is withdrawn." in unsaid.text
    gone = browser.post(address, data={"lang": "en", "reason": "the <wrong> kettle"})
    assert "the &lt;wrong&gt; kettle" in gone.text and 'method="post"' not in gone.text
    assert figures(browser.get(f"/suppliers/supplier?lang=ru&{GOODS}").text)["claimed"][0] == 0
    assert browser.get(f"{address}/claim.pdf").status_code == 200, "it stays to be read"


@pytest.mark.parametrize("name", ["beket", "dana", "erlan"])
def test_who_may_not_claim_is_refused_and_has_no_button(console: Console, name: str) -> None:
    _action, fields = form_of(console.browser().get(f"/suppliers/supplier?lang=en&{GOODS}").text)
    before = console.asked("select * from core.supplier_claim")
    assert console.browser(name).post("/suppliers/claims", data=fields).status_code in (403, 404)
    assert console.asked("select * from core.supplier_claim") == before
    if name != "dana":
        page = console.browser(name).get(f"/suppliers/supplier?lang=en&{GOODS}").text
        assert 'method="post"' not in page and "draft.pdf" in page
    elsewhere = console.browser().post("/suppliers/claims", data=fields, headers={"sec-fetch-site": "cross-site"})
    assert elsewhere.status_code == 403


def test_what_changed_since_the_page_was_drawn_is_said(console: Console) -> None:
    browser = console.browser()
    _action, fields = form_of(browser.get(f"/suppliers/supplier?lang=en&sku=HP-1&{GOODS}").text)
    with connect(console.dsn) as conn:
        photo(conn, 8, shade=90)
    refused = browser.post("/suppliers/claims", data=fields)
    assert "Something has changed since the claim was shown" in refused.text
    assert browser.post("/suppliers/claims", data={**fields, "form": "x"}).status_code == 400


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_draft_can_be_looked_at_and_keeps_nothing(console: Console, language: str) -> None:
    browser = console.browser("beket")
    before = console.asked("select * from core.supplier_claim")
    text, images = pdf_text(browser.get(f"/suppliers/draft.pdf?lang={language}&{GOODS}").content)
    assert {"ru": "Черновик", "kk": "жобасы", "en": "Draft"}[language] in text and len(images) >= 3
    book = openpyxl.load_workbook(io.BytesIO(browser.get(f"/suppliers/draft.xlsx?lang={language}&{GOODS}").content))
    assert book.worksheets[1].max_row == 7, "a heading, five pieces, their sum"
    assert console.asked("select * from core.supplier_claim") == before
    assert browser.get(f"/suppliers/draft.pdf?sku=NONE&{GOODS}").status_code == 404


def test_an_inspector_who_is_to_look_again_is_told_nothing(console: Console) -> None:
    """The piece is in no list, no file, no draft and no count of his; for a supervisor it is."""
    everywhere = [
        *(f"supplier?lang=en&{choice}&{GOODS}" for choice in ("show=all", "finding=defective", "show=found")),
        *(f"parts.csv?by={by}&lang=en&{GOODS}" for by in ("sku", "batch", "finding", "month")),
        f"pieces.csv?{GOODS}", f"draft.pdf?{GOODS}",
    ]  # fmt: skip
    with connect(console.dsn) as conn:
        goods = wanted(sku="KET-1")
        claim_id = suppliers.make(conn, goods, suppliers.compose(conn, goods).digest, uuid4(), "aliya", NOW)
        suppliers.withdraw(conn, claim_id, "to be looked at again", "aliya", NOW)
        conn.execute(
            "insert into core.second_look (inspection_id, unit_id, merchant_id, warehouse, drawn_at, first_actor) "
            "select event_id, unit_id, merchant_id, 'W1', %s, actor from ledger.unit_event "
            "where type = 'inspected' and unit_id = %s",
            (NOW, unit(1)),
        )
    try:
        for page in (f"supplier?{GOODS}", f"pieces.csv?{GOODS}"):
            assert "W1-000001" in console.browser().get(f"/suppliers/{page}").text
            assert "W1-000001" not in console.browser("erlan").get(f"/suppliers/{page}").text
        book = console.browser("erlan").get(f"/suppliers/draft.xlsx?{GOODS}").content
        assert openpyxl.load_workbook(io.BytesIO(book)).worksheets[1].max_row == 6
        for page in (f"/suppliers?lang=en&merchant=shop&{DAYS}", f"/suppliers/supplier?lang=en&{GOODS}"):
            assert str(claim_id) in console.browser().get(page).text
            assert str(claim_id) not in console.browser("erlan").get(page).text
        # as if the piece were not there: whatever was found at it, each page of his is the same
        told = [blind(console, page) for page in everywhere]
        with connect(console.dsn) as conn:
            conn.execute("update ledger.unit set finding = 'no_fault' where unit_id = %s", (unit(1),))
        assert told == [blind(console, page) for page in everywhere]
        listing = rows_of(console.browser("erlan").get(f"/suppliers.csv?lang=en&merchant=shop&{DAYS}").text)
        line = dict(zip(listing[0], next(row for row in listing if row[1] == SUPPLIER), strict=True))
        assert (line["inspected"], line["supplier's defects"], line["found among those sold"]) == ("9", "5", "5")
        assert listed(console.browser("erlan").get(f"/suppliers/supplier?lang=en&{GOODS}").text) == 9
    finally:
        with connect(console.dsn) as conn:
            conn.execute("delete from core.second_look")
            conn.execute("update ledger.unit set finding = 'defective' where unit_id = %s", (unit(1),))


def blind(console: Console, page: str) -> str:
    """What the second inspector sees, without what differs from one look at a page to the next."""
    answer = console.browser("erlan").get(f"/suppliers/{page}")
    if page.startswith("draft.pdf"):
        return pdf_text(answer.content)[0]
    return re.sub(r'name="(form|token)" value="[^"]*"', "", answer.text)
