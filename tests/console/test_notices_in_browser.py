"""The page of notices in a real browser that runs no script: it fits, and a person decides with a finger."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import uvicorn

from include.db.connection import connect
from include.notify.outbox import queue as queue_mail
from tests.console.surroundings import NOW, app_of
from tests.console.test_in_browser import CHROMIUM, as_wide_as_the_screen, browser, open_page, page_of, says, shoot  # noqa: F401
from tests.db.notice_world import NoticeWorld
from tests.db.test_outbox import note
from tests.gateways import http_gateway

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")


@pytest.fixture(scope="module")
def world(new_warehouse: Callable[[], str]) -> NoticeWorld:
    world = NoticeWorld(new_warehouse(), now=NOW)
    with connect(world.dsn) as conn:
        conn.execute("update core.merchant set name = 'Алматы Тех', notice_connection_id = 'sms_of_the_whole_house'")
        queue_mail(conn, "owed/alpha/1", "alpha", "owed", note(), NOW)
        long = "rcpt refused: 550 b'5.1.1_a_very_long_answer_without_any_space_in_it_that_a_mail_server_may_give'"
        conn.execute("update ops.outbox set status = 'dead', attempts = 5, last_error = %s", (long,))
    for number in range(1, 7):
        world.order(number)
        world.arrive(number, 1, 2)
    world.queue()
    with http_gateway(None, 400, None, 503) as gateway:
        world.by(gateway.port)
        world.send(quiet_hours=False)
    return world


@pytest.fixture(scope="module")
def site(world: NoticeWorld) -> Iterator[str]:
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
        for status in ("undecided", "all"):
            open_page(page, f"{site}/notices?lang={language}&status={status}", width)
            page.locator("details").first.click()
            as_wide_as_the_screen(page, width)
            if language == "ru":
                shoot(page, f"notices-{status}-{width}-{scheme}")


def test_a_person_decides_with_a_finger(site: str, world: NoticeWorld, browser: object) -> None:  # noqa: F811
    page = page_of(browser, 360)
    page.goto(f"{site}/notices?lang=ru")
    unknown = [row for row in world.notices() if row["status"] == "unknown"]
    for row in unknown:
        page.get_by_label(f"Выбрать уведомление по заказу {row['params']['order_code']}").check()
    page.get_by_role("button", name="Они были отправлены").first.click()
    says(page, "2 сообщения считаются отправленными.")
    page.get_by_role("checkbox").first.check()
    page.get_by_label("Причина").first.fill("позвонили ему")
    page.get_by_role("button", name="Отклонить выбранные").first.click()
    says(page, "1 сообщение отклонено.")
    page.get_by_label("Выбрать письмо").check()
    page.get_by_role("button", name="Отправить выбранные ещё раз").click()
    says(page, "1 сообщение уйдёт ещё раз.")
    actions = world.ask("select queue, action, actor from ops.sending_action order by action_id")
    assert [(row["queue"], row["action"], row["actor"]) for row in actions] == [
        ("notice", "sent", "aliya"), ("notice", "sent", "aliya"), ("notice", "dismissed", "aliya"),
        ("mail", "again", "aliya"),
    ]  # fmt: skip
