"""The page of price lists in a real browser without scripts: it fits, and a person tells of a card with a finger."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import uvicorn

from include.db.connection import connect
from tests.console.surroundings import app_of
from tests.console.test_in_browser import CHROMIUM, as_wide_as_the_screen, browser, page_of, says, shoot  # noqa: F401
from tests.console.test_lists import shown
from tests.db.restock_world import Offer, RestockWorld

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")


@pytest.fixture(scope="module")
def world(new_warehouse: Callable[[], str]) -> Iterator[RestockWorld]:
    offers = {sku: Offer(sku) for sku in ("KETTLE1", *(f"F{n}" for n in range(8)), f"ST/UPC-{'LONG' * 12}")}
    with RestockWorld(new_warehouse(), offers).served() as made:
        made.onboard()
        with connect(made.dsn) as conn:
            conn.execute("update core.merchant set name = 'Алматы Тех'")
            conn.execute("update ops.setting set value = 'false' where name = 'resale_sku_auto_link'")
        made.unit("U1", "KETTLE1", 1, route="resale", grade="B")
        made.unit("U2", "F1", 1)
        shown(made, 2)
        made.fetched(2.2)
        made.offers["F2"].price = 12_500
        made.offers["F3"].count = 2
        shown(made, 3)
        for sku in list(made.offers)[4:]:
            del made.offers[sku]
        shown(made, 4)
        yield made


@pytest.fixture(scope="module")
def site(world: RestockWorld) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app_of(world.dsn), host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (360, "dark"), (1280, "light"), (1280, "dark")])
def test_the_page_fits_the_screen(site: str, browser: object, width: int, scheme: str) -> None:  # noqa: F811
    page = page_of(browser, width, scheme)
    for language in ("ru", "kk", "en"):
        page.goto(f"{site}/lists?lang={language}")
        for details in page.locator("details").all():
            details.locator("summary").click()
        as_wide_as_the_screen(page, width)
        shoot(page, f"lists-{language}-{width}-{scheme}")


def test_a_person_tells_of_a_card_with_a_finger(site: str, world: RestockWorld, browser: object) -> None:  # noqa: F811
    page = page_of(browser, 360)
    page.goto(f"{site}/lists?lang=ru")
    page.get_by_text("Отметить, что с ней").click()
    page.get_by_label("Примечание").fill("видно в кабинете")
    page.get_by_role("button", name="карточка привязана").click()
    says(page, "Записано")
    told = world.query("select state, changed_by, note from channel.resale_sku_change")
    assert told == [{"state": "linked", "changed_by": "aliya", "note": "видно в кабинете"}]
