"""The pages of suppliers in a real browser without scripts: they fit a phone and a desk, and a finger makes a claim."""

from collections.abc import Iterator

import pytest

from tests.console.desk_world import served
from tests.console.surroundings import User, app_of
from tests.console.test_in_browser import CHROMIUM, as_wide_as_the_screen, browser, open_page, page_of, says, shoot  # noqa: F401
from tests.console.test_suppliers import DAYS, GOODS, Clock, Console, console  # noqa: F401

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")


@pytest.fixture(scope="module")
def site(console: Console) -> Iterator[str]:  # noqa: F811
    with served(app_of(console.dsn, User("aliya"), clock=Clock)) as address:
        yield address


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")])
def test_the_pages_fit_the_screen(site: str, browser: object, width: int, scheme: str) -> None:  # noqa: F811
    page = page_of(browser, width, scheme)
    for language in ("ru", "kk", "en"):
        for name, address in (("suppliers", f"suppliers?{DAYS}"), ("supplier", f"suppliers/supplier?{GOODS}")):
            open_page(page, f"{site}/{address}&lang={language}", width)
            if language == "ru":
                shoot(page, f"{name}-{width}-{scheme}")


def test_a_finger_goes_from_a_number_to_its_pieces_and_makes_a_claim(site: str, browser: object) -> None:  # noqa: F811
    page = page_of(browser, 390)
    page.goto(f"{site}/suppliers?lang=ru&merchant=shop&{DAYS}")
    row = page.locator("tr", has_text="Север").first
    number = row.locator("a.figure").first.inner_text()
    row.locator("a.figure").first.click()
    page.wait_for_url("**#pieces")
    assert page.locator("#pieces-title").inner_text().startswith(f"{number} ")
    assert page.locator("#pieces tbody tr").count() == int(number)
    with page.expect_download() as draft:
        page.locator("#claim a", has_text="XLSX").click()
    assert draft.value.suggested_filename == "draft.xlsx"
    page.get_by_role("button", name="Составить претензию").click()
    page.wait_for_url("**/suppliers/claims/*")
    says(page, "Записано")
    as_wide_as_the_screen(page, 390)
    shoot(page, "supplier-claim-390")
    with page.expect_download() as paper:
        page.get_by_role("link", name="Для поставщика (PDF)").click()
    assert paper.value.path().read_bytes().startswith(b"%PDF")
    page.get_by_label("почему").fill("проверка")
    page.get_by_role("button", name="Отозвать претензию").click()
    says(page, "Отозвана")
