"""The console and the mail as people see them: in a real browser, through Airflow's own login and menu."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import requests
from playwright.sync_api import Browser, FrameLocator, Page, StorageState

from include.console.board.overview import KPIS
from include.locale.labels import kpi_name, kpi_value
from include.locale.words import words
from runtime.ports import read_ports
from runtime.programs import sandbox_url
from tests.e2e.conftest import Demo
from tools.pictures import DESKTOP, PHONE, chromium, log_in

pytestmark = pytest.mark.timeout(1200)

# The ledger's states behind each of the six counts, in the order of the page.
STAGES = [
    {"requested", "in_transit", "at_pickup_point"},
    {"received", "unexpected", "wrong_item"},
    {"inspected", "repacked", "in_repair", "repaired"},
    {"qc", "restock_pending"},
    {"on_sale"},
    {"resold"},
]
ALL_SHOPS = "Все магазины"
NewPage = Callable[..., Page]


class Watch:
    """What a page asked for and complained about since the watch began."""

    def __init__(self, page: Page) -> None:
        self.asked: list[str] = []
        self.errors: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)

    def elsewhere(self, home: str) -> list[str]:
        """The addresses that are not of the origin ``home``; a blob is of the origin in its name."""
        origin = urlsplit(home)[:2]
        urls = [url.removeprefix("blob:") for url in self.asked if not url.startswith("data:")]
        return [url for url in urls if urlsplit(url)[:2] != origin]


@pytest.fixture(scope="module")
def browser(browser_path: str) -> Iterator[Browser]:
    with chromium(browser_path) as running:
        yield running


@pytest.fixture(scope="module")
def login(browser: Browser, demo: Demo) -> StorageState:
    """The cookies of a person who has gone through Airflow's login page."""
    with browser.new_context() as context:
        log_in(context.new_page(), demo.summary)
        return context.storage_state()


@pytest.fixture
def new_page(browser: Browser, login: StorageState) -> Iterator[NewPage]:
    """Opens a page of the person logged in; takes the settings of a browser context."""
    contexts = []

    def make(**settings: Any) -> Page:
        contexts.append(browser.new_context(**{"storage_state": login, "viewport": DESKTOP, **settings}))
        return contexts[-1].new_page()

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def warehouse(demo: Demo) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(demo.summary["warehouse_dsn"]) as connection:
        connection.read_only = True
        yield connection


def whole(text: str) -> int:
    """The number of a text, whatever stands between its thousands."""
    return int(re.sub(r"\D", "", text))


def stage_counts(warehouse: psycopg.Connection[Any], merchant_id: str | None) -> list[int]:
    """The units of each stage now; of those sold again those of the page's twelve weeks."""
    rows = warehouse.execute(
        """
        select state, count(*) from ledger.unit
        where (merchant_id = %(m)s or %(m)s::text is null)
            and (state <> 'resold' or core.week_of(resold_at) >= (select core.week_of(max(now_at)) - 77 from ops.run))
        group by state
        """,
        {"m": merchant_id},
    ).fetchall()
    return [sum(count for state, count in rows if state in stage) for stage in STAGES]


def kpi_values(warehouse: psycopg.Connection[Any], merchant_id: str | None) -> dict[str, str]:
    """The newest value of each KPI of the overview as the page should write it."""
    rows = warehouse.execute(
        """
        select kpi, horizon_days, value::float8, n from mart.kpi_current as known
        where merchant_id is not distinct from %(m)s and category is null and sku is null and supplier is null
            and kpi = any(%(kpis)s)
            and week_start = (
                select max(week_start) from mart.kpi_current as newer
                where newer.merchant_id is not distinct from %(m)s and newer.category is null
                    and newer.sku is null and newer.supplier is null
                    and (newer.kpi, newer.version) = (known.kpi, known.version)
                    and newer.horizon_days is not distinct from known.horizon_days
            )
        """,
        {"m": merchant_id, "kpis": list(KPIS)},
    ).fetchall()
    ru = words("ru")
    return {
        kpi_name(ru, kpi, days): kpi_value(ru, kpi, value, n) for kpi, days, value, n in rows if value is not None or n
    }


def shown_counts(console: FrameLocator | Page) -> list[int]:
    return [whole(text) for text in console.locator(".stage-count").all_inner_texts()]


def shown_kpis(console: FrameLocator | Page) -> dict[str, str]:
    return {
        card.locator("h3").inner_text(): card.locator(".value").inner_text() for card in console.locator(".card").all()
    }


def test_nobody_sees_anything_without_a_login(browser: Browser, demo: Demo, warehouse: psycopg.Connection[Any]) -> None:
    assert requests.get(demo.summary["console_url"], timeout=30).status_code == 401
    names = [row[0] for row in warehouse.execute("select name from core.merchant")]
    with browser.new_context() as context:
        page = context.new_page()
        answer = page.goto(demo.summary["console_url"])
        assert answer is not None and answer.status == 401
        text = page.content()
    assert names and not [name for name in names if name in text]
    assert "stage-count" not in text


def test_a_person_finds_the_console_in_airflows_menu_and_its_numbers_are_the_warehouses(
    browser: Browser, demo: Demo, warehouse: psycopg.Connection[Any]
) -> None:
    with browser.new_context(viewport=DESKTOP, locale="ru-RU") as context:
        page = context.new_page()
        log_in(page, demo.summary)
        entry = page.get_by_role("link", name="Qaitarym")
        entry.wait_for()
        watch = Watch(page)
        entry.click()
        console = page.frame_locator("iframe")
        console.get_by_role("heading", name="Возвраты → Ресейл").wait_for()
        assert shown_counts(console) == stage_counts(warehouse, None)
        assert sum(shown_counts(console)) > 0
        assert shown_kpis(console) == kpi_values(warehouse, None)
        for merchant_id, name in warehouse.execute("select merchant_id, name from core.merchant where active"):
            console.get_by_role("link", name=name, exact=True).click()
            console.locator(f".merchants a[aria-current=page]:text-is('{name}')").wait_for()
            assert shown_counts(console) == stage_counts(warehouse, merchant_id), name
            assert shown_kpis(console) == kpi_values(warehouse, merchant_id), name
        assert len(watch.asked) > 3
        assert watch.elsewhere(demo.summary["airflow_url"]) == []
        assert watch.errors == []


def test_open_questions_are_counted_by_kind_and_lead_to_their_list(
    new_page: NewPage, demo: Demo, warehouse: psycopg.Connection[Any]
) -> None:
    page = new_page()
    page.goto(demo.summary["console_url"])
    lines = page.locator("section[aria-labelledby=open-title] tbody tr")
    shown = [tuple(whole(line.locator("td.num").nth(place).inner_text()) for place in (0, 1)) for line in lines.all()]
    kept = warehouse.execute(
        "select count(*), sum(money_at_risk)::bigint from core.discrepancy where status = 'open' group by kind"
    ).fetchall()
    assert sorted(shown) == sorted(kept)
    lines.first.locator("a").first.click()
    page.wait_for_url("**/differences?*")
    assert page.locator("td a[href*='differences/'] b.code").count() == min(shown[0][0], 50)


@pytest.mark.parametrize(
    ("link", "language", "title"),
    [("Қазақша", "kk", "Тауар қазір қайда"), ("English", "en", "Where the goods are now")],
)
def test_the_links_change_the_language_and_keep_the_shop(
    new_page: NewPage, demo: Demo, warehouse: psycopg.Connection[Any], link: str, language: str, title: str
) -> None:
    row = warehouse.execute("select merchant_id, name from core.merchant where active order by 1 limit 1").fetchone()
    assert row is not None
    page = new_page()
    page.goto(demo.summary["console_url"])
    page.get_by_role("link", name=row[1], exact=True).click()
    page.get_by_role("link", name=link).click()
    page.get_by_role("heading", name=title).wait_for()
    assert page.locator("html").get_attribute("lang") == language
    assert shown_counts(page) == stage_counts(warehouse, row[0])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["ru", "kk", "en"])
def test_a_phone_needs_no_scrolling_sideways(new_page: NewPage, demo: Demo, scheme: str, language: str) -> None:
    page = new_page(viewport=PHONE, color_scheme=scheme)
    watch = Watch(page)
    page.goto(f"{demo.summary['console_url']}?lang={language}")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    folded = page.locator("details:not([open]) > summary:visible")
    while folded.count():
        folded.first.click()
    assert page.locator("details:not([open])").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    lightness = sum(int(part) for part in re.findall(r"\d+", ground)[:3]) / 3
    assert (lightness < 64) == (scheme == "dark"), ground
    assert watch.elsewhere(demo.summary["airflow_url"]) == []
    assert watch.errors == []


def test_the_policy_is_in_force(new_page: NewPage, demo: Demo) -> None:
    """The proof that the watch of the other tests sees a violation."""
    page = new_page()
    page.goto(demo.summary["console_url"])
    watch = Watch(page)
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\" onclick=\"x()\">x</p>')")
    page.wait_for_function("getComputedStyle(document.body.lastElementChild).color !== 'rgb(255, 0, 0)'")
    assert any("Content Security Policy" in error for error in watch.errors)


def newest_mails(demo: Demo) -> list[tuple[int, EmailMessage]]:
    """The last weekly mail of each reader, with its number in the mailbox."""
    found: dict[str, tuple[int, EmailMessage]] = {}
    for path in sorted(Path(demo.summary["mailbox_dir"]).glob("*.eml")):
        number, recipient = path.stem.split("-", 1)
        message = message_from_bytes(path.read_bytes(), policy=default)
        assert isinstance(message, EmailMessage)
        if str(message["Message-ID"]).startswith("<kpi."):
            found[recipient] = (int(number), message)
    return list(found.values())


def test_every_readers_mail_is_a_page_with_its_charts_a_text_and_a_workbook(
    new_page: NewPage, demo: Demo, warehouse: psycopg.Connection[Any]
) -> None:
    ports = read_ports(demo.run / "ports.json")
    assert ports is not None
    mails = newest_mails(demo)
    assert len(mails) == 4
    written = {row[0] for row in warehouse.execute("select subject from ops.outbox where status = 'sent'")}
    for number, message in mails:
        assert message["Subject"] in written, "the subject arrived otherwise than it was written"
        text = message.get_body(("plain",))
        assert text is not None and len(text.get_content()) > 500
        assert [part.get_filename()[-5:] for part in message.iter_attachments()] == [".xlsx"]  # type: ignore[index]
        page = new_page(viewport=PHONE)
        watch = Watch(page)
        address = f"{sandbox_url(ports)}/mailbox/{number}"
        page.goto(address, wait_until="networkidle")
        pictures = page.locator("img")
        assert pictures.count() == 2
        for picture in pictures.all():
            assert picture.evaluate("image => image.complete && image.naturalWidth") > 300
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert [url for url in watch.asked if not url.startswith("data:")] == [address]
