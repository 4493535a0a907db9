"""Files of applications: every usable row is read, every other one says why, nothing about people is kept."""

import datetime as dt
import io
import itertools
import re
import zipfile
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.applications import (
    PROBLEMS,
    STEPS,
    TABS,
    Application,
    Case,
    Line,
    Row,
    Told,
    contradictions,
    merge,
    place,
)
from include.domain.returns import case_status
from include.kaspi import applications_file
from include.kaspi.applications_file import Reading, needed_csv, read

HEADER = (
    "Номер заявки;Номер заказа;Код товара;Название товара;Количество;Код причины;Причина;Дата создания;Раздел;Шаг;"
    "Дата шага;Трек-номер"
)
GOOD = (
    "700000001-1;700000001;M1;Лампа;2;WRONG;Не как на фото;01.03.2026 12:30;На доставке;BACKWARD_DELIVERY_BY_KASPI;"
    "02.03.2026 10:00;700000001-1-R"
)
MADE = dt.datetime(2026, 3, 1, 7, 30, tzinfo=dt.UTC)


def of(*lines: str, header: str = HEADER, encoding: str = "utf-8-sig") -> Reading:
    return read("\r\n".join((header, *lines)).encode(encoding))


def codes(reading: Reading) -> list[tuple[int, str, str]]:
    return [(one.line, one.column, one.code) for one in reading.bad]


def test_an_export_is_read_whole() -> None:
    reading = of(GOOD)
    assert reading.bad == [] and reading.refused is None and not reading.unknown
    assert reading.rows == [
        (
            2,
            Row(
                "700000001-1", "700000001", 2, MADE, "M1", None, "Лампа", "WRONG", "Не как на фото", "ON_DELIVERY",
                "BACKWARD_DELIVERY_BY_KASPI", dt.datetime(2026, 3, 2, 5, tzinfo=dt.UTC), "700000001-1-R",
            ),
        )
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_encodings_and_separators_are_found_out(encoding: str, separator: str) -> None:
    reading = of(GOOD.replace(";", separator), header=HEADER.replace(";", separator), encoding=encoding)
    assert len(reading.rows) == 1 and reading.rows[0][1].tab == "ON_DELIVERY"


def test_headers_are_known_in_any_order_case_and_language_and_the_others_are_named() -> None:
    header = "CREATED_AT;  номер  ЗАЯВКИ ;Quantity;Магазин;Артикул"
    reading = of("2026-03-01 12:30;700000001-1;1;PP1;LAMP", header=header)
    ((_, row),) = reading.rows
    assert (row.application_number, row.order_code, row.sku, row.created_at) == (
        "700000001-1", "700000001", "LAMP", MADE,
    )  # fmt: skip
    assert reading.unread_columns == ("Магазин",)


def test_columns_about_people_are_never_read() -> None:
    header = f"{HEADER};Покупатель;Телефон;ФИО получателя;Комментарий покупателя;customer_name"
    body = f"{header}\n{GOOD};Айгүл Сериккызы;+7 701 555 01 01;Айгүл;звоните 7015550101;Aigul\n".encode()
    reading = read(body)
    assert len(reading.personal_columns) == 5 and reading.unread_columns == ()
    kept = repr(reading) + needed_csv(body).decode()
    assert not any(secret in kept for secret in ("Айгүл", "5550101", "555 01 01", "Aigul"))


def test_a_phone_or_an_address_in_the_reason_is_not_kept() -> None:
    reading = of(GOOD.replace("Не как на фото", "не работает, звонить +7 (701) 555-01-01 или a@b.kz"))
    assert reading.rows[0][1].reason_text == "не работает, звонить … или …"


@pytest.mark.parametrize(
    ("was", "becomes", "column", "code"),
    [
        (";2;", ";0;", "quantity", "not_a_number"),
        (";2;", ";0,5;", "quantity", "not_a_number"),
        (";2;", ";много;", "quantity", "not_a_number"),
        (";2;", ";20000;", "quantity", "too_big"),
        (";2;", ";;", "quantity", "missing"),
        ("01.03.2026 12:30", "31.02.2026 12:30", "created_at", "not_a_time"),
        ("01.03.2026 12:30", "03/01/26", "created_at", "not_a_time"),
        ("01.03.2026 12:30", "01.03.1826 12:30", "created_at", "impossible_time"),
        ("01.03.2026 12:30", "", "created_at", "missing"),
        ("02.03.2026 10:00", "вчера", "step_at", "not_a_time"),
        ("700000001-1;700000001", "700000001-1;700000002", "order_code", "another_order"),
        ("700000001-1;700000001", "7E+08;700000001", "application_number", "lost_digits"),
        ("700000001-1;700000001", "700000001;700000001", "application_number", "not_an_application"),
        ("700000001-1;700000001", "=A1;700000001", "application_number", "not_an_application"),
        ("700000001-1;700000001", "700000001-1;=A1", "order_code", "not_an_order"),
        ("700000001-1;700000001", "700000001-1;7,00E+08", "order_code", "lost_digits"),
        ("700000001-1-R", "700000001-2-R", "return_label", "another_application"),
        ("Лампа", "Лам\x00па", "product_name", "not_text"),
        ("Лампа", "x" * 5000, "product_name", "too_long"),
        ("Лампа", "#REF!", "product_name", "formula_error"),
        ("Лампа", "Лампа; большая", "", "too_many_cells"),
        ("Лампа", "x" * 200_000, "", "too_long"),
        ("700000001-1;", '"700000001-1;', "", "broken_quotes"),
    ],
)
def test_a_bad_row_says_where_and_why_and_the_others_are_read(was: str, becomes: str, column: str, code: str) -> None:
    assert was in GOOD
    reading = of(GOOD, GOOD.replace(was, becomes, 1), GOOD.replace("-1", "-2"))
    assert codes(reading) == [(3, column, code)]
    assert [(line, row.application_number) for line, row in reading.rows] == [(2, "700000001-1"), (4, "700000001-2")]
    assert reading.bad[0].reason == PROBLEMS[code][0] and reading.bad[0].text("en") == PROBLEMS[code][1]


def test_numbers_that_a_spreadsheet_took_for_amounts_are_read() -> None:
    reading = of("700000001-1;700000001.0;M1;;2,0;;;2026-03-01T12:30:00+05:00;;;;")
    ((_, row),) = reading.rows
    assert (row.order_code, row.quantity, row.created_at) == ("700000001", 2, MADE)


def test_the_order_is_told_by_the_number_and_the_number_by_the_label() -> None:
    reading = of(";;M1;;1;;;01.03.2026 12:30;;;;700000001-1-R")
    assert [(row.application_number, row.order_code) for _, row in reading.rows] == [("700000001-1", "700000001")]
    assert codes(of(";700000001;M1;;1;;;01.03.2026 12:30;;;;")) == [(2, "application_number", "missing")]


def test_a_stray_inch_mark_or_a_line_break_in_a_name_harms_nobody() -> None:
    reading = of(
        GOOD.replace("Лампа", 'Телевизор 32" чёрный'),
        GOOD.replace("Лампа", '"Лампа\nнастольная; белая"'),
        GOOD.replace("Лампа", '"Стол ""Дуб"""'),
    )
    assert codes(reading) == []
    assert [row.product_name for _, row in reading.rows] == [
        'Телевизор 32" чёрный', "Лампа настольная; белая", 'Стол "Дуб"',
    ]  # fmt: skip
    assert [line for line, _ in reading.rows] == [2, 3, 5]


def test_codes_nobody_has_met_are_kept_and_named() -> None:
    reading = of(GOOD.replace("На доставке", "Архив").replace("WRONG", "OTHER_17").replace("BACKWARD_DELIVERY", "X"))
    ((_, row),) = reading.rows
    assert (row.tab, row.step, row.reason_code) == ("Архив", "X_BY_KASPI", "OTHER_17")
    assert set(reading.unknown) == {"tab Архив", "step X_BY_KASPI", "reason_code OTHER_17"}


@pytest.mark.parametrize("text", ["29.02.2024 23:30", "01.03.2024 00:00", "29.02.2024 23:59"])
def test_the_hour_that_almaty_had_twice_is_read(text: str) -> None:
    ((_, row),) = of(GOOD.replace("01.03.2026 12:30", text)).rows
    assert (
        row.created_at
        == {
            "29.02.2024 23:30": dt.datetime(2024, 2, 29, 17, 30, tzinfo=dt.UTC),
            "01.03.2024 00:00": dt.datetime(2024, 2, 29, 19, 0, tzinfo=dt.UTC),
            "29.02.2024 23:59": dt.datetime(2024, 2, 29, 17, 59, tzinfo=dt.UTC),
        }[text]
    )


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n;;\r\n", "empty"),
        (b"\x00" * 1000, "empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old_excel"),
        ("<html>Айгүл</html>".encode(), "a_web_page"),
        ("Айгүл Сериккызы;7015550101\n".encode(), "no_header"),
        (HEADER.encode(), "no_rows"),
        (b"PK\x03\x04 and no more", "unreadable"),
        (b"x" * (20 * 1024 * 1024 + 1), "too_large"),
    ],
)
def test_a_file_that_is_no_table_says_why_and_repeats_nothing_of_it(body: bytes, code: str) -> None:
    reading = read(body)
    assert reading.refused == code and reading.rows == [] and reading.bad == []
    assert "Айгүл" not in repr(reading)


def test_too_many_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applications_file, "MOST_ROWS", 3)
    assert of(*[GOOD] * 4).refused == "too_many_rows"
    assert len(of(*[GOOD] * 3).rows) == 3


def test_the_needed_columns_alone_read_as_the_whole_file_did() -> None:
    lines = (GOOD, GOOD.replace(";2;", ";x;"), '"open', GOOD.replace("Лампа", "a;b"), "", GOOD.replace("-1", "-2"))
    body = "\n".join((f"Магазин;{HEADER}", *(f"PP1;{line}" if line else "" for line in lines))).encode("cp1251")
    first, second = read(body), read(needed_csv(body))
    assert (first.rows, first.bad, first.unknown) == (second.rows, second.bad, second.unknown)
    assert len(first.rows) == 2 and len(first.bad) == 3 and b"PP1" not in needed_csv(body)


@given(st.binary(max_size=400))
def test_any_bytes_below_a_header_are_rows_or_bad_rows(tail: bytes) -> None:
    reading = read(f"{HEADER}\n{GOOD}\n".encode() + tail)
    assert reading.refused is None and len(reading.rows) >= 1
    assert all(one.reason for one in reading.bad)


# --- XLSX


def workbook(*rows: tuple[Any, ...], before: tuple[tuple[Any, ...], ...] = ()) -> bytes:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (*before, tuple(HEADER.split(";")), *rows):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


SHEET_ROW = (
    "700000001-1", 700000001.0, 10001, "Лампа", 2.0, "WRONG", None, dt.datetime(2026, 3, 1, 12, 30), "Споры",  # noqa: DTZ001
    "MERCHANT_DECISION", dt.date(2026, 3, 2), None,
)  # fmt: skip


def test_a_workbook_is_read_with_its_amounts_dates_and_empty_rows() -> None:
    formula = ("=1+1", *SHEET_ROW[1:])
    reading = read(workbook(SHEET_ROW, (), formula, (None,) * 12, SHEET_ROW, before=(("Заявки за март",), ())))
    assert [line for line, _ in reading.rows] == [4, 8]
    row = reading.rows[0][1]
    assert (row.order_code, row.master_code, row.quantity, row.created_at) == ("700000001", "10001", 2, MADE)
    assert row.step_at == dt.datetime(2026, 3, 1, 19, tzinfo=dt.UTC) and row.tab == "DISPUTE"
    assert codes(reading) == [(6, "application_number", "missing")]  # a formula nobody has calculated


def test_a_note_beside_the_table_is_no_harm() -> None:
    assert len(read(workbook((*SHEET_ROW, None, "проверить"))).rows) == 1


def _with_part(body: bytes, name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.infolist():
            target.writestr(part.filename, content if part.filename == name else source.read(part))
        if name not in source.namelist():
            target.writestr(name, content)
    return out.getvalue()


def float_workbook(*rows: tuple[Any, ...]) -> bytes:
    """Return a workbook whose whole numbers are written as some programs do: 10001.0."""
    body, name = workbook(*rows), "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(body)) as packed:
        sheet = packed.read(name)
    return _with_part(body, name, re.sub(rb'(t="n"><v>\d+)(?=</v>)', rb"\1.0", sheet))


def test_the_needed_columns_of_a_workbook_read_as_the_workbook_did() -> None:
    spoilt = ("700000003-1", 9100000000000000, *SHEET_ROW[2:])
    body = float_workbook(SHEET_ROW, ("700000002-1", 700000002, *SHEET_ROW[2:]), spoilt)
    first, second = read(body), read(needed_csv(body))
    assert [row.master_code for _, row in first.rows] == ["10001"] * 2 and codes(first) == [
        (4, "order_code", "lost_digits")
    ]
    assert (first.rows, first.bad, first.unknown) == (second.rows, second.bad, second.unknown)


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applications_file, "MOST_UNPACKED", 1 << 20)
    assert read(_with_part(workbook(SHEET_ROW), "xl/media/big.bin", b"\x00" * (1 << 21))).refused == "swollen"


def test_declared_entities_are_refused() -> None:
    laughs = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">]><worksheet/>'
    assert read(_with_part(workbook(SHEET_ROW), "xl/worksheets/sheet1.xml", laughs)).refused == "swollen"


def test_a_row_far_below_the_end_of_any_sheet_is_refused() -> None:
    book = workbook(SHEET_ROW)
    with zipfile.ZipFile(io.BytesIO(book)) as packed:
        sheet = packed.read("xl/worksheets/sheet1.xml")
    far = sheet.replace(b'<row r="2"', b'<row r="99999999999"')
    assert far != sheet and read(_with_part(book, "xl/worksheets/sheet1.xml", far)).refused == "too_many_rows"


def test_a_damaged_workbook_is_refused() -> None:
    assert read(_with_part(workbook(SHEET_ROW), "xl/workbook.xml", b"<workbook>")).refused == "unreadable"
    assert read(workbook(SHEET_ROW)[:-200]).refused == "unreadable"


# --- what rows come to

DAY = dt.timedelta(days=1)


def row(**facts: Any) -> Row:
    return Row(**{"application_number": "700-1", "order_code": "700", "quantity": 1, "created_at": MADE, **facts})


def told(one: Row, named: int = 0, confirmed: int = 0) -> Told:
    return Told(one, MADE + named * DAY, MADE + (20 + confirmed) * DAY, one.content_hash())


def test_the_newest_step_is_the_state_and_the_newest_file_the_word() -> None:
    old = told(row(tab="ON_DELIVERY", step=STEPS[1], step_at=MADE + DAY, reason_code="WRONG"), 1, confirmed=9)
    new = told(row(tab="WAITING_DECISION", step=STEPS[2], step_at=MADE + 3 * DAY, reason_code="UNSUITABLE"), 3)
    for rows in itertools.permutations((old, new)):
        found = merge(rows)
        assert (found.tab, found.step, found.stated_reason) == ("WAITING_DECISION", STEPS[2], "changed_mind")
        assert (found.in_transit_at, found.arrived_at) == (MADE + DAY, MADE + 3 * DAY)


def test_a_tab_never_goes_back_where_no_time_tells() -> None:
    rows = [told(row(tab=tab)) for tab in TABS]
    assert {merge(order).tab for order in itertools.permutations(rows)} == {"CLOSED"}


@given(
    st.lists(
        st.builds(
            lambda quantity, tab, step, at, reason, named, confirmed: told(
                row(quantity=quantity, tab=tab, step=step, step_at=at and MADE + at * DAY, reason_code=reason),
                named,
                confirmed,
            ),
            st.integers(1, 3),
            st.sampled_from([None, "Архив", *TABS]),
            st.sampled_from([None, *STEPS]),
            st.sampled_from([None, 1, 2, 3]),
            st.sampled_from([None, "WRONG", "UNSUITABLE", "OTHER"]),
            st.integers(0, 3),
            st.integers(0, 3),
        ),
        min_size=1,
        max_size=5,
    ),
    st.randoms(),
)
def test_the_order_of_rows_does_not_matter(rows: list[Told], dice: Any) -> None:
    shuffled = list(rows)
    dice.shuffle(shuffled)
    assert merge(rows) == merge(shuffled)


def test_a_reason_is_read_from_its_text_where_the_code_is_new() -> None:
    found = merge([told(row(reason_code="OTHER_17", reason_text="Не работает"))])
    assert (found.stated_reason_raw, found.stated_reason) == ("OTHER_17", "defective")


def test_what_an_application_cannot_have_two_of_is_named() -> None:
    found = contradictions([told(row(sku="A")), told(row(sku="B", quantity=2)), told(row())])
    assert found == {"sku": ["A", "B"], "quantity": ["1", "2"]}


# --- where applications belong


def application(n: int, **facts: Any) -> Application:
    return merge([told(row(application_number=f"700-{n}", **facts))])


def case(episode: int, **facts: Any) -> Case:
    return Case(UUID(int=episode), episode, **facts)


LINES = [Line("e1", "A", 3, frozenset({"MA"})), Line("e2", "B", 1, frozenset({"MB"})), Line("e3", "C", 1)]


@pytest.mark.parametrize(
    ("facts", "entry_id"),
    [({"sku": "B"}, "e2"), ({"master_code": "MA"}, "e1"), ({"sku": "Z", "master_code": "MB"}, "e2"), ({}, None)],
)
def test_the_line_is_told_by_sku_else_by_master_code_else_not_guessed(facts: Any, entry_id: str | None) -> None:
    (placed,) = place([application(1, **facts)], LINES, [])
    assert (placed.how, placed.episode, placed.entry_id) == ("opens", 1, entry_id)
    assert (placed.quantity, placed.units) == ((1, 1) if entry_id else (None, 1))


def test_the_only_line_is_the_line() -> None:
    (placed,) = place([application(1, master_code="?", quantity=5)], LINES[:1], [])
    assert (placed.entry_id, placed.quantity, placed.too_many) == ("e1", 3, True)


def test_two_lines_of_one_product_take_an_application_each() -> None:
    twins = [Line("e1", "A", 1), Line("e2", "A", 1)]
    placed = place([application(1, sku="A"), application(2, sku="A")], twins, [])
    assert sorted(str(one.entry_id) for one in placed) == ["e1", "e2"]


def test_the_first_application_joins_the_oldest_case_and_the_second_opens_an_episode() -> None:
    placed = place([application(2, sku="A"), application(1, sku="A")], LINES, [case(2), case(1, status="cancelled")])
    assert [(one.application.application_number, one.how, one.episode) for one in placed] == [
        ("700-1", "joins", 2), ("700-2", "opens", 3),
    ]  # fmt: skip


def test_a_case_goes_to_the_application_of_the_goods_it_holds() -> None:
    placed = place([application(1, sku="A"), application(2, sku="B")], LINES, [case(1, units={"e2": 1})])
    assert {one.application.application_number: one.how for one in placed} == {"700-1": "opens", "700-2": "joins"}


def test_a_case_that_was_over_before_the_application_is_another_return_unless_nothing_is_left_to_come() -> None:
    over = case(1, closed_at=MADE - DAY, units={"e1": 1})
    assert place([application(1, sku="A")], LINES, [over])[0].how == "opens"
    full = [Line("e1", "A", 1, live=1)]
    assert place([application(1, sku="A")], full, [over])[0].how == "joins"
    assert place([application(1, sku="A")], LINES, [case(1, closed_at=MADE + DAY)])[0].how == "joins"


def test_a_known_application_stays_where_it_is() -> None:
    known = case(1, application_number="700-1", entry_id="e1", quantity=2)
    (placed,) = place([application(1, sku="B", quantity=2)], LINES, [known])
    assert (placed.how, placed.case, placed.entry_id) == ("known", known, "e1")


@pytest.mark.parametrize(
    ("tab", "step", "signal", "received", "wanted"),
    [
        ("NEW", None, "RETURNED", False, "applied"),
        ("ON_DELIVERY", None, None, False, "in_transit"),
        ("ON_DELIVERY", None, None, True, "received"),
        ("WAITING_DECISION", None, None, False, "waiting_decision"),
        ("WAITING_DECISION", None, None, True, "received"),
        ("DISPUTE", None, None, True, "dispute"),
        ("CLOSED", None, None, True, "closed"),
        ("Архив", "BACKWARD_DELIVERY_BY_KASPI", None, False, "in_transit"),
        (None, None, "CANCELLING", False, "in_transit"),
        (None, None, "RETURNED", False, "closed"),
        (None, None, None, False, "applied"),
    ],
)
def test_the_canonical_status(
    tab: str | None, step: str | None, signal: str | None, received: bool, wanted: str
) -> None:
    assert case_status(tab, step, signal, application=True, received=received) == wanted


def test_a_status_alone_signals() -> None:
    assert case_status(None, None, "CANCELLED", application=False, received=False) == "signalled"
    assert case_status(None, None, "CANCELLING", application=False, received=False) == "in_transit"
