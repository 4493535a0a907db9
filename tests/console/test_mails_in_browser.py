"""The archive in a real browser without scripts: a mail opens in its frame, fits a phone, and is sent again."""

import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from tests.console.surroundings import app_of
from tests.console.test_in_browser import CHROMIUM, browser, open_page, page_of, says, shoot  # noqa: F401
from tests.console.test_mails import Sent, number, sent  # noqa: F401
from tests.db.test_return_causes_weekly import ask

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")


@pytest.fixture(scope="module")
def site(sent: Sent) -> Iterator[str]:  # noqa: F811
    server = uvicorn.Server(uvicorn.Config(app_of(sent[0]), host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)


def test_a_mail_opens_in_its_frame_and_asks_nobody(site: str, sent: Sent, browser: object) -> None:  # noqa: F811
    page = page_of(browser, 390)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{site}/mails?lang=ru")
    page.get_by_role("link", name="Almaty Tech").last.click()
    page.frame_locator("iframe.mail").locator("img").last.wait_for()
    assert page.frame_locator("iframe.mail").locator("img").count() == 2
    frame = page.frames[1]
    assert frame.locator("h1, div").first.inner_text()
    for picture in frame.locator("img").all():
        assert picture.bounding_box()["width"] > 250, "the charts are drawn"
    assert "Almaty Tech" in frame.locator("body").inner_text()
    assert {url.split("/")[2] for url in asked if not url.startswith("data:")} == {site.split("/")[2]}
    page.get_by_role("link", name="Вычислить заново").click()
    says(page, "Каждое число равно числу в письме.")


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (360, "dark"), (1280, "light"), (1280, "dark")])
def test_the_pages_fit_the_screen(site: str, sent: Sent, browser: object, width: int, scheme: str) -> None:  # noqa: F811
    page = page_of(browser, width, scheme)
    mail = f"mails/{number(sent[0], 'alpha')}"
    for name, address in (
        ("mails", "mails?x="),
        ("mail", f"{mail}?check=1"),
        ("preview", "mails/preview?merchant=alpha"),
    ):
        for language in ("ru", "kk", "en") if (width, scheme) == (360, "light") else ("ru",):
            open_page(page, f"{site}/{address}&lang={language}", width)
            if language == "ru":
                shoot(page, f"{name}-{width}-{scheme}")


@pytest.mark.parametrize("width", [320, 390])
def test_the_mail_itself_fits_a_narrow_client(site: str, sent: Sent, browser: object, width: int) -> None:  # noqa: F811
    page = page_of(browser, width)
    for whose in ("alpha", "beta", None):
        open_page(page, f"{site}/mails/{number(sent[0], whose)}/page", width)


def test_a_supervisor_sends_a_mail_again_with_a_finger(site: str, sent: Sent, browser: object) -> None:  # noqa: F811
    page = page_of(browser, 360)
    page.goto(f"{site}/mails/{number(sent[0], 'beta')}?lang=en")
    page.get_by_label("Reason").fill("the mailbox was full")
    page.get_by_role("button", name="Send the same mail again").click()
    says(page, "It goes out within a quarter of an hour.")
    assert ask(sent[0], "select reason from ops.sending_action") == [("the mailbox was full",)]
