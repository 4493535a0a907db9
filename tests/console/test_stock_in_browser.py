"""The pages of stock and of writes in a real browser without scripts: they fit a phone and a desk, day and night."""

import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from include.flows import kaspi_writes
from tests.console.surroundings import User, app_of
from tests.console.test_in_browser import CHROMIUM, as_wide_as_the_screen, browser, open_page, page_of, says, shoot  # noqa: F401
from tests.console.test_stock import Console, console  # noqa: F401
from tests.db.restock_world import at
from tests.db.test_kaspi_writes import Clock

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")


@pytest.fixture(scope="module")
def site(console: Console) -> Iterator[str]:  # noqa: F811
    app = app_of(
        console.world.dsn,
        User("aliya"),
        clock=lambda: Clock(at(4)),
        writes_of=lambda _: kaspi_writes.writes_to(console.world.dsn, console.settings()),
    )
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)


def test_a_supervisor_writes_with_a_finger_and_every_number_leads_on(site: str, browser: object) -> None:  # noqa: F811
    page = page_of(browser, 360)
    page.goto(f"{site}/stock?lang=ru")
    page.locator("a.figure").first.click()
    page.wait_for_url("**#units")
    page.get_by_role("link", name="← Остатки на Kaspi").click()
    page.get_by_role("link", name="Что записано в заказы на Kaspi").click()
    page.get_by_label("Номер заказа").fill("700001")
    page.get_by_label("Почему").fill("посылка на складе")
    page.get_by_role("button", name="Показать, что будет отправлено").click()
    page.get_by_label("Номер заказа ещё раз").fill("700001")
    page.get_by_role("button", name="Проверить без отправки").click()
    says(page, "пробный запуск: ничего не отправлено")


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (360, "dark"), (1280, "light"), (1280, "dark")])
def test_the_pages_fit_the_screen(site: str, browser: object, width: int, scheme: str) -> None:  # noqa: F811
    page = page_of(browser, width, scheme)
    for language in ("ru", "kk", "en"):
        for name, address in (
            ("stock", "stock?show=all"),
            ("offer", "stock/offer?shop=m&store=PP1&sku=A1R"),
            ("writes", "writes?x="),
        ):
            open_page(page, f"{site}/{address}&lang={language}", width)
            if language == "ru":
                shoot(page, f"{name}-{width}-{scheme}")
    page.goto(f"{site}/writes?lang=ru")
    page.locator("table a").first.click()
    page.wait_for_url("**/writes/*")
    as_wide_as_the_screen(page, width)
