"""A file of applications by the console: seen first, taken in by who sent it, nothing of a person kept."""

import csv
import datetime as dt
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from include.console.applications import UPLOAD_BYTES
from include.db.connection import connect
from include.flows.uploads import base_name, forget_expired
from tests.console.surroundings import NOW, User, client_of

HEADERS = "Номер заявки;Номер заказа;Артикул;Количество;Причина;Дата создания;Раздел;Покупатель;Телефон"
ROWS = (
    "700000001-1;700000001;SKU1;1;Не подошел размер;10.11.2026 12:30;Новые;Айгүл Сериккызы;77015550101\n"
    "700000009-1;700000009;SKU1;1;Не понравился;10.11.2026 12:30;Новые;Айгүл Сериккызы;77015550101\n"
    "700000001-2;700000001;SKU1;много;Не понравился;10.11.2026 12:30;Новые;Айгүл Сериккызы;77015550101\n"
)


def body(rows: str = ROWS) -> bytes:
    return f"\ufeff{HEADERS}\n{rows}".encode()


@pytest.fixture
def dsn(new_warehouse: Callable[[], str]) -> str:
    address = new_warehouse()
    with connect(address) as conn:
        conn.execute(
            """
            insert into core.merchant (merchant_id, name, connection_id, base_list_connection_id)
            values ('alpha', 'Almaty <Tech>', 'c', 'b'), ('beta', 'Жібек', 'c2', 'b2');
            insert into core.customer_order (merchant_id, order_id, code, state, status, total_price, created_at,
                payload_hash, fetched_at)
            values ('alpha', 'o1', '700000001', 'ARCHIVE', 'COMPLETED', 5000, '2026-11-01', '\\x00', '2026-11-01');
            insert into core.order_line (merchant_id, order_id, entry_id, entry_number, sku, quantity, base_price,
                total_price)
            values ('alpha', 'o1', 'e1', 0, 'SKU1', 2, 2500, 5000);
            """
        )
    return address


def send(browser: TestClient, content: bytes, name: str = "заявки.csv", merchant: str = "alpha") -> Any:
    return browser.post("/applications", data={"merchant": merchant, "lang": "en"}, files={"file": (name, content)})


def count(dsn: str, table: str) -> int:
    with connect(dsn) as conn:
        row = conn.execute(f"select count(*) as n from {table}".encode()).fetchone()
    assert row is not None
    return int(row["n"])


def test_a_file_is_shown_first_and_taken_in_after_a_yes(dsn: str) -> None:
    browser = client_of(dsn)
    page = send(browser, body())
    assert page.status_code == 200
    assert re.search(r"/applications/[0-9a-f-]{36}\?lang=en$", str(page.url))
    text = page.text
    for shown in (
        "new case", "waits for its order", "700000001-1", "<b>1</b> line that cannot be used",
        "no whole number above zero", "Quantity", "заявки.csv", "Almaty &lt;Tech&gt;", "Take it in",
    ):  # fmt: skip
        assert shown in text, shown
    assert count(dsn, "raw.application") == 0
    upload_id = str(page.url).split("/")[-1].partition("?")[0]
    taken = browser.post(f"/applications/{upload_id}/take", data={"lang": "en"})
    assert "Taken in at" in taken.text and "Take it in" not in taken.text
    assert count(dsn, "raw.application") == 2
    with connect(dsn) as conn:
        assert conn.execute("select distinct actor from raw.application").fetchone() == {"actor": "aliya"}
        assert conn.execute("select source, status from ops.quarantine").fetchall() == [
            {"source": "file/applications", "status": "open"}
        ]
    browser.post(f"/applications/{upload_id}/take")
    assert count(dsn, "raw.application") == 2, "twice is once"
    again = send(browser, body())
    assert "was taken in before" in again.text and "nothing new" in again.text


def test_nothing_of_a_person_is_shown_or_kept(dsn: str) -> None:
    browser = client_of(dsn)
    page = send(browser, body())
    upload_id = str(page.url).split("/")[-1].partition("?")[0]
    browser.post(f"/applications/{upload_id}/take")
    with connect(dsn) as conn:
        rows = conn.execute(
            """
            select convert_from(body, 'utf8') as kept from ops.upload
            union all select payload::text from ops.quarantine
            union all select to_jsonb(application)::text from raw.application
            """
        ).fetchall()
    kept = page.text + "".join(row["kept"] for row in rows)
    assert "SKU1" in kept
    for personal in ("Айгүл", "Сериккызы", "77015550101", "7015550101"):
        assert personal not in kept


def test_the_bad_lines_come_as_a_file_without_formulas(dsn: str) -> None:
    browser = client_of(dsn)
    page = send(browser, body())
    upload_id = str(page.url).split("/")[-1].partition("?")[0]
    answer = browser.get(f"/applications/{upload_id}/bad.csv?lang=ru")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"].startswith("attachment")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert rows == [
        ["строка", "колонка", "причина"],
        ["4", "Количество", "это не целое число больше нуля"],
    ]


def test_the_file_is_of_who_sent_it_and_for_a_day(dsn: str) -> None:
    page = send(client_of(dsn), body())
    path = "/applications/" + str(page.url).split("/")[-1].partition("?")[0]
    stranger = client_of(dsn, User("beket"))
    assert stranger.get(path).status_code == 404
    assert stranger.get(path + "/bad.csv").status_code == 404
    assert stranger.post(path + "/take").status_code == 404
    assert count(dsn, "raw.application") == 0
    assert client_of(dsn).get(path).status_code == 200
    assert forget_expired(dsn, NOW + dt.timedelta(hours=23)) == 0
    assert forget_expired(dsn, NOW + dt.timedelta(hours=24)) == 1
    assert client_of(dsn).get(path).status_code == 404
    assert client_of(dsn).get("/applications/not-a-uuid").status_code == 422


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"a;b\n1;2\n", "header"),
        (b"<html></html>", "page"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 100, "xls"),
        (b"PK\x03\x04" + b"x" * 100, ""),
        (b"\x00" * 100, ""),
    ],
)
def test_what_is_no_file_of_applications_is_refused_in_words(dsn: str, content: bytes, said: str) -> None:
    page = send(client_of(dsn), content)
    assert page.status_code == 200
    notice = re.search(r'class="notice bad" role="alert">([^<]+)<', page.text)
    assert notice and said in notice[1].lower()
    assert count(dsn, "ops.upload") == 0


def test_a_file_needs_a_merchant_and_a_form_needs_a_file(dsn: str) -> None:
    browser = client_of(dsn)
    assert "Choose the merchant" in send(browser, body(), merchant="nobody").text
    assert "Choose a file" in browser.post("/applications", data={"merchant": "alpha", "lang": "en"}).text
    assert "could not be read" in browser.get("/applications?lang=en&done=<script>").text
    assert count(dsn, "ops.upload") == 0


def test_a_file_that_is_too_large_is_not_read(dsn: str) -> None:
    assert send(client_of(dsn), b"x" * (UPLOAD_BYTES + 70_000)).status_code == 413


def test_a_viewer_gets_no_form(dsn: str) -> None:
    viewer = client_of(dsn, User("viewer", "viewer"))
    assert 'type="file"' not in viewer.get("/applications").text
    assert send(viewer, body()).status_code == 403


def test_a_file_name_is_only_a_name() -> None:
    assert base_name("C:\\Users\\x\\a.csv") == "a.csv"
    assert base_name("../../etc/passwd") == "passwd"
    assert base_name("a\x00\n.csv") == "a.csv"
    assert len(base_name("ё" * 500)) == 120
    assert base_name("/") == "file"
