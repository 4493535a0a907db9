"""The forms in a real browser that runs no script, on a phone and on a desk, by day and by night."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import uvicorn
from cryptography.fernet import Fernet

from include.db.connection import connect
from include.flows.contacts import Sealer
from include.flows.quarantine import Reject, dismiss, put_aside, replay
from runtime.browser import find_browser
from tests.console.surroundings import NOW, app_of
from tests.console.test_applications import body
from tests.console.test_quality import fill

CHROMIUM = find_browser()
STORY = Path(__file__).parents[1] / "db" / "story" / "weekly_returns.sql"
ORDERS = """
insert into core.customer_order (merchant_id, order_id, code, state, status, total_price, created_at, payload_hash,
    fetched_at)
values ('alpha', 'o1', '700000001', 'ARCHIVE', 'COMPLETED', 5000, '2026-11-01', '\\x00', '2026-11-01');
insert into core.order_line (merchant_id, order_id, entry_id, entry_number, sku, quantity, base_price, total_price)
values ('alpha', 'o1', 'e1', 0, 'SKU1', 2, 2500, 5000);
"""
SEALER = Sealer(Fernet.generate_key().decode())
NAMES = {
    "quality": "quality", "quality?status=all&merchant=beta": "quality-all", "quality?source=wms/w2": "quality-again",
    "applications": "applications", "": "home",
}  # fmt: skip
# pictures to look at, where somebody names a folder for them
PICTURES = os.environ.get("QAITARYM_CONSOLE_PICTURES")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")


@pytest.fixture(scope="module")
def site(new_warehouse: Callable[[], str]) -> Iterator[str]:
    """The console with trouble in it, on a port of its own."""
    address = new_warehouse()
    with connect(address) as conn:
        conn.execute(
            """
            insert into core.merchant (merchant_id, name, connection_id, base_list_connection_id)
            values ('alpha', 'Almaty Tech', 'c', 'b'), ('beta', 'Жібек Home', 'c2', 'b2')
            """
        )
        psycopg.ClientCursor(conn).execute(ORDERS.encode())
        fill(conn)
        long = "kaspi_returns_ingest/scheduled__2026-11-16T03:00:00+00:00/a-very-long-key-without-any-space-in-it"
        put_aside(conn, [Reject("beta", "kaspi/order", f"o{n}", "deliveryAddress: a long reason", None, long)
                         for n in range(20, 24)], NOW)  # fmt: skip
        row = conn.execute("select id from ops.quarantine where record_key = 'o23'").fetchone()
        assert row is not None
        dismiss(conn, [row["id"]], "beket", "known", NOW)
        sent = Reject("beta", "wms/w2", "e7", "zone: maxLength fails", {"event_id": "e7"}, "events.csv#7", b"{}")
        unnamed = Reject("beta", "kaspi/order", "unnamed 0f1e", "id: too long")
        put_aside(conn, [sent, unnamed], NOW, SEALER)
        assert replay(conn, "beta", "wms/w2", actor="aliya", now=NOW) == 1
        put_aside(conn, [replace(sent, reason="grade: enum fails")], NOW)
    server = uvicorn.Server(uvicorn.Config(app_of(address), host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)


def says(page: Any, text: str) -> None:
    """Wait until the page that a press leads to shows this text: a press returns before that page is there."""
    from playwright.sync_api import expect

    expect(page.locator("body")).to_contain_text(text)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


def page_of(browser: Any, width: int, scheme: str = "light") -> Any:
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, java_script_enabled=False, locale="ru-RU"
    )
    return context.new_page()


def shoot(page: Any, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def open_page(page: Any, address: str, width: int) -> None:
    """The page is there, and nothing of it sticks out."""
    answer = page.goto(address)
    assert answer.status == 200, (address, answer.status)
    as_wide_as_the_screen(page, width)


def as_wide_as_the_screen(page: Any, width: int) -> None:
    """Nothing sticks out: without a script the page's own width is asked of the browser.

    Words are there before the style sheet is, so the width is asked when everything has come.
    """
    page.wait_for_load_state("load")
    size = page.context.new_cdp_session(page).send("Page.getLayoutMetrics")["cssContentSize"]
    assert size["width"] <= width


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (360, "dark"), (1280, "light"), (1280, "dark")])
def test_the_pages_fit_the_screen(site: str, browser: Any, width: int, scheme: str) -> None:
    page = page_of(browser, width, scheme)
    for path in NAMES:
        for language in ("ru", "kk", "en"):
            open_page(page, f"{site}/{path}{'&' if '?' in path else '?'}lang={language}", width)
            if language == "ru":
                name = NAMES[path]
                shoot(page, f"{name}-{width}-{scheme}")


def test_what_failed_for_another_reason_says_the_one_before(site: str, browser: Any) -> None:
    page = page_of(browser, 360)
    page.goto(f"{site}/quality?lang=en&merchant=beta")
    says(page, "grade: enum fails")
    says(page, "before: zone: maxLength fails")
    says(page, "Its id is not legible and nothing is kept of it")


def test_records_are_decided_with_a_finger(site: str, browser: Any) -> None:
    page = page_of(browser, 360)
    page.goto(f"{site}/quality?lang=en")
    page.get_by_label("Choose record o20").check()
    page.get_by_label("Choose record o21").check()
    page.get_by_role("button", name="Judge the chosen again").click()
    says(page, "2 records will be judged again")
    page.get_by_label("Choose record o22").check()
    page.get_by_label("Reason").fill("they are tests")
    page.get_by_role("button", name="Dismiss the chosen").click()
    says(page, "1 record is dismissed")
    shoot(page, "quality-decided")
    page.get_by_role("button", name="Acknowledge").click()
    says(page, "1 difference is acknowledged")


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_a_file_is_looked_at_and_taken_in(site: str, browser: Any, width: int, scheme: str, tmp_path: Path) -> None:
    page = page_of(browser, width, scheme)
    page.goto(f"{site}/applications")
    file = tmp_path / "заявки.csv"
    file.write_bytes(body(f"700000001-{width};700000001;SKU1;1;;10.11.2026 12:30;Новые;;\n"
                          "700000009-1;700000009;SKU1;1;;10.11.2026 12:30;Новые;;\n"
                          "700000001-2;700000001;SKU1;много;;10.11.2026 12:30;Новые;;\n"))  # fmt: skip
    page.locator("select[name=merchant]").select_option("alpha")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Посмотреть, что изменится").click()
    says(page, "700000009-1")
    as_wide_as_the_screen(page, width)
    shoot(page, f"preview-{width}-{scheme}")
    with page.expect_download() as download:
        page.get_by_role("link", name="все одним файлом").click()
    assert download.value.suggested_filename == "bad-rows.csv"
    page.get_by_role("button", name="Принять").click()
    says(page, "Принято")
    shoot(page, f"taken-{width}-{scheme}")


def test_a_form_on_another_site_does_nothing(site: str, browser: Any) -> None:
    page = page_of(browser, 1280)
    field = "<input name=key value=token_refused/alpha>"
    evil = f"<form method=post action='{site}/quality/alerts'>{field}<button>x</button></form>"
    page.route("http://evil.example/", lambda route: route.fulfill(body=evil, content_type="text/html"))
    page.goto("http://evil.example/")
    page.get_by_role("button").click()
    says(page, "с другого сайта")
    page.goto(f"{site}/quality?lang=en")
    says(page, "the log's <words>")  # it is still open
