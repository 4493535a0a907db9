"""A lost connection: nothing that was entered is lost, nothing is sent twice, and the person sees what waits."""

import socket
from collections.abc import Callable

from include.db.connection import connect
from tests.console.desk_people import Person, picture
from tests.console.desk_world import SALES, Running, desk_app, furnish, served
from tests.console.test_desk_in_browser import confirm, life, look, take_in, unit


def go_offline(person: Person) -> None:
    """Take the network from the device, once its worker has what the page needs."""
    person.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    person.until("navigator.serviceWorker.controller !== null")
    person.context.set_offline(True)


LOST = ("ERR_INTERNET_DISCONNECTED", "ERR_CONNECTION_REFUSED", "Failed to load resource")

SLOW_PHONE = """() => {
    const quick = window.createImageBitmap.bind(window);
    window.createImageBitmap = async (...given) => {
        await new Promise((done) => setTimeout(done, 1000));
        return quick(...given);
    };
}"""


def test_the_network_is_lost_midway_and_the_page_is_reloaded(
    person: Callable[..., Person], desk_dsn: str, desk_site: str
) -> None:
    sale, aliya = SALES["offline"], person("aliya")
    label = take_in(aliya, sale)
    go_offline(aliya)
    look(aliya, intact="Нет")
    aliya.page.locator("input[name=camera]").set_input_files(picture())
    aliya.tap("Записать осмотр")
    assert "Сохранено на устройстве" in aliya.told()
    aliya.sees("нет связи · ждут: 2")
    aliya.page.reload()
    aliya.ready()
    aliya.sees("нет связи · ждут: 2")
    aliya.scan(label)  # known from before the connection was lost
    aliya.tap("Переупаковка")
    aliya.tap("Переупаковано")
    aliya.sees("нет связи · ждут: 3")
    assert [(one["kind"], one["state"]) for one in aliya.outbox()] == [
        ("event", "waiting"), ("photo", "waiting"), ("event", "waiting")
    ]  # fmt: skip
    assert [step for step, _ in life(desk_dsn, sale)] == ["received"]
    aliya.page.get_by_role("link", name="Отправка").tap()
    aliya.sees("Ждёт отправки")
    aliya.sees("Фото к отправке: 1")
    aliya.context.set_offline(False)
    aliya.everything_is_sent()
    assert life(desk_dsn, sale) == [("received", "aliya"), ("inspected", "aliya"), ("repacked", "aliya")]
    with connect(desk_dsn) as conn:
        photos = conn.execute("select event_id from core.photo where unit_id = %s", (sale.unit_id,)).fetchall()
        sent = conn.execute(
            "select event_id from core.warehouse_event where unit_id = %s and type = 'inspected'", (sale.unit_id,)
        ).fetchall()
    assert len(photos) == len(sent) == 1 and photos[0]["event_id"] == sent[0]["event_id"]
    aliya.complaints = [said for said in aliya.complaints if not any(word in said for word in LOST)]


def test_a_parcel_is_taken_in_without_any_connection(person: Callable[..., Person], desk_dsn: str) -> None:
    sale, daniyar = SALES["quiet"], person("daniyar")
    go_offline(daniyar)
    daniyar.scan(sale.label)
    daniyar.sees("чей это возврат, выяснится позже")
    daniyar.tap("Принять")
    assert "Сохранено на устройстве" in daniyar.told()
    label = daniyar.label()
    daniyar.context.set_offline(False)
    daniyar.everything_is_sent()
    found = unit(desk_dsn, unit_label=label)
    assert (found["order_id"], found["state"]) == (f"o{sale.number}", "received"), "the server knows the order"
    daniyar.complaints = [said for said in daniyar.complaints if not any(word in said for word in LOST)]


def test_the_answer_is_lost_and_the_event_is_not_doubled(person: Callable[..., Person], desk_dsn: str) -> None:
    """The server has booked it, its answer does not arrive: the same event goes once more."""
    sale, daniyar = SALES["wedge"], person("daniyar")
    lost: list[str] = []

    def lose(route: object) -> None:
        if not lost:
            answer = route.fetch()  # type: ignore[attr-defined]
            lost.append(answer.text())
            route.abort()  # type: ignore[attr-defined]
        else:
            route.continue_()  # type: ignore[attr-defined]

    daniyar.page.route("**/desk/api/events*", lose)
    daniyar.scan(sale.label)
    daniyar.tap("Принять")
    assert "Сохранено на устройстве" in daniyar.told()
    assert '"booked"' in lost[0]
    daniyar.page.get_by_role("link", name="Отправка").tap()
    daniyar.tap("Отправить сейчас")
    daniyar.everything_is_sent()
    assert [step for step, _ in life(desk_dsn, sale)] == ["received"]
    daniyar.complaints = [said for said in daniyar.complaints if "Failed to load resource" not in said]


def test_the_server_is_down_for_a_while(chromium: object, new_warehouse: Callable[[], str]) -> None:
    """Not the device but the server goes away, and comes back at the same address."""
    dsn, clock = new_warehouse(), Running()
    furnish(dsn)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with served(desk_app(dsn, clock), port) as site:
        daniyar = Person(chromium, site, "daniyar")
        daniyar.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    daniyar.page.reload()
    daniyar.ready()
    daniyar.scan(SALES["main"].label)
    daniyar.tap("Принять")
    assert "Сохранено на устройстве" in daniyar.told()
    with served(desk_app(dsn, clock), port):
        daniyar.everything_is_sent()
        assert [step for step, _ in life(dsn, SALES["main"])] == ["received"]
        daniyar.leave(forgiven=LOST)


def test_work_waits_for_the_one_who_did_it(person: Callable[..., Person], desk_dsn: str, desk_site: str) -> None:
    """Another person logs in on the same device: he sees nothing of it and sends nothing in his own name."""
    sale, daniyar = SALES["voided"], person("daniyar")
    go_offline(daniyar)
    daniyar.scan(sale.label)
    daniyar.tap("Принять")
    daniyar.told()
    daniyar.context.clear_cookies()
    daniyar.context.add_cookies([{"name": "who", "value": "aliya", "url": desk_site}])
    daniyar.context.set_offline(False)
    daniyar.page.locator("header .link.bad").wait_for()  # the page that is still open was his
    assert [(one["login"], one["state"]) for one in daniyar.outbox()] == [("daniyar", "waiting")]
    daniyar.open()
    daniyar.sees("других: 1")
    daniyar.page.get_by_role("link", name="Отправка").tap()
    daniyar.sees("Здесь ждёт работа: daniyar")
    assert life(desk_dsn, sale) == []
    daniyar.context.clear_cookies()
    daniyar.context.add_cookies([{"name": "who", "value": "daniyar", "url": desk_site}])
    daniyar.open()
    daniyar.everything_is_sent()
    assert life(desk_dsn, sale) == [("received", "daniyar")]
    daniyar.complaints = [said for said in daniyar.complaints if not any(word in said for word in LOST)]


def test_a_page_still_open_when_another_logs_in_keeps_its_work(
    person: Callable[..., Person], desk_dsn: str, desk_site: str
) -> None:
    """The connection comes back while the login is another's: nothing is refused, it waits for the right person."""
    sale, aliya = SALES["other_login"], person("aliya")
    take_in(aliya, sale)
    go_offline(aliya)
    look(aliya, intact="Нет")
    aliya.page.evaluate(SLOW_PHONE)
    aliya.page.locator("input[name=camera]").set_input_files(picture())
    aliya.tap("Записать осмотр")  # quicker than the phone is with the photo
    aliya.told()
    aliya.context.add_cookies([{"name": "who", "value": "daniyar", "url": desk_site}])
    aliya.context.set_offline(False)
    aliya.sees("Войдите снова")
    assert [(one["kind"], one["state"]) for one in aliya.outbox()] == [("event", "waiting"), ("photo", "waiting")]
    aliya.context.add_cookies([{"name": "who", "value": "aliya", "url": desk_site}])
    aliya.open()
    aliya.everything_is_sent()
    assert life(desk_dsn, sale) == [("received", "aliya"), ("inspected", "aliya")]
    aliya.complaints = [said for said in aliya.complaints if not any(word in said for word in LOST)]


def test_what_the_server_refuses_is_kept_with_the_reason(person: Callable[..., Person], desk_dsn: str) -> None:
    """Two devices inspect the same piece without a connection; the second one hears why it was too late."""
    sale, aliya, saule = SALES["write_off"], person("aliya"), person("saule")
    label = take_in(aliya, sale)
    look(aliya)
    aliya.tap("Записать осмотр")
    assert "Записано" in aliya.told()
    saule.scan(label)
    saule.sees("Не восстановить")
    aliya.scan(label)
    go_offline(aliya)
    aliya.tap("Осмотр")
    for question, said in (("Упаковка цела?", "Да"), ("Комплект полный?", "Да"), ("Документы на месте?", "Да"),
                           ("Есть следы использования?", "Да")):  # fmt: skip
        aliya.answer(question, said)
    aliya.tap("Записать осмотр")
    confirm(saule, "Не восстановить")
    confirm(saule, "Списать")
    aliya.context.set_offline(False)
    aliya.sees("отказано: 1")
    aliya.page.get_by_role("link", name="Отправка").tap()
    aliya.sees("Отказано")
    assert aliya.page.locator(".row .bad").first.inner_text()
    aliya.tap("Понятно, убрать")
    aliya.sees("Всё отправлено")
    assert unit(desk_dsn, unit_id=sale.unit_id)["state"] == "written_off"
    aliya.complaints = [said for said in aliya.complaints if not any(word in said for word in LOST)]
