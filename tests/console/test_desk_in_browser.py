"""The desk in a real browser on a phone: a piece of each route from the parcel to the end of its way."""

from collections.abc import Callable
from typing import Any

from include.db.connection import connect
from tests.console.desk_people import Person, picture
from tests.console.desk_world import SALES, Sale, desk_app, furnish, served


def life(dsn: str, sale: Sale) -> list[tuple[str, str]]:
    """What the ledger has of the piece: each step with who did it."""
    with connect(dsn) as conn:
        rows = conn.execute(
            "select type, actor from ledger.unit_event where unit_id = %s and type <> 'requested' order by seq",
            (sale.unit_id,),
        ).fetchall()
    return [(row["type"], row["actor"]) for row in rows]


def unit(dsn: str, **known: Any) -> dict[str, Any]:
    name, value = next(iter(known.items()))
    with connect(dsn) as conn:
        row = conn.execute(f"select * from ledger.unit where {name} = %s".encode(), (value,)).fetchone()
    assert row is not None, known
    return row


def take_in(person: Person, sale: Sale) -> str:
    """Scan the parcel, take the piece in; returns the label that it got."""
    person.scan(sale.label)
    person.sees(sale.name)
    person.tap("Принять")
    assert "Принято: возвратный ордер RO-W1-" in person.told()
    return person.label()


def look(person: Person, *, intact: str = "Да", complete: str = "Да", documents: str = "Да", used: str = "Нет") -> None:
    """Answer the checklist."""
    person.tap("Осмотр")
    person.answer("Упаковка цела?", intact)
    person.answer("Комплект полный?", complete)
    person.answer("Документы на месте?", documents)
    person.answer("Есть следы использования?", used)


def check(person: Person, label: str) -> None:
    """Quality control by this person, who scans the label first."""
    person.scan(label)
    person.tap("Контроль качества")
    person.answer("Товар соответствует этикетке?", "Да")
    person.page.get_by_role("group", name="Оценка").get_by_role("button", name="Да").tap()
    person.answer("Упакован для продажи?", "Да")
    person.tap("Прошёл")
    assert "Контроль пройден" in person.told()


def stock(person: Person) -> None:
    """Hand the piece whose page is open to the stock."""
    person.tap("Передать на склад")
    person.is_sent_to("Склад")


def test_main_intact_goods_go_back_to_the_shelf(person: Callable[..., Person], desk_dsn: str) -> None:
    sale, aliya = SALES["main"], person("aliya")
    label = take_in(aliya, sale)
    aliya.is_sent_to("Приёмка")
    look(aliya)
    aliya.is_sent_to("На продажу")
    aliya.tap("Записать осмотр")
    aliya.sees("Проверяет другой человек")
    beket = person("beket")
    check(beket, label)
    stock(beket)
    found = unit(desk_dsn, unit_id=sale.unit_id)
    assert (found["state"], found["grade"], found["route"], found["zone"]) == ("qc", "A", "main", "active_stock")
    assert found["unit_label"] == label and found["return_order_no"] == f"RO-{label}"
    assert life(desk_dsn, sale) == [
        ("received", "aliya"),
        ("inspected", "aliya"),
        ("qc_passed", "beket"),
        ("moved", "beket"),
    ]


def test_resale_renewed_packaging(person: Callable[..., Person], desk_dsn: str) -> None:
    sale, aliya = SALES["resale"], person("aliya")
    label = take_in(aliya, sale)
    look(aliya, intact="Нет")
    aliya.tap("Записать осмотр")
    aliya.tap("Переупаковка")
    aliya.page.get_by_role("button", name="больше: Время").tap()
    aliya.page.get_by_role("button", name="больше: Плёнка").first.tap()
    aliya.tap("Переупаковано")
    aliya.told()
    beket = person("beket")
    check(beket, label)
    stock(beket)
    found = unit(desk_dsn, unit_id=sale.unit_id)
    assert (found["state"], found["grade"], found["route"], found["zone"]) == ("qc", "B", "resale", "active_stock")
    assert [step for step, _ in life(desk_dsn, sale)] == ["received", "inspected", "repacked", "qc_passed", "moved"]
    with connect(desk_dsn) as conn:
        booked = conn.execute(
            "select code, amount from core.unit_cost where unit_id = %s and term = 'packaging'", (sale.unit_id,)
        ).fetchall()
    assert {row["code"]: row["amount"] for row in booked} == {"minute": 15 * 45, "piece:film": 40}


def test_repair_goes_off_kaspi(person: Callable[..., Person], desk_dsn: str) -> None:
    sale, aliya = SALES["repair"], person("aliya")
    label = take_in(aliya, sale)
    look(aliya)
    aliya.page.get_by_role("group", name="Дефекты").get_by_role("button").first.tap()
    aliya.page.get_by_role("group", name="Маршрут").get_by_role("button", name="ремонт").tap()
    aliya.is_sent_to("Ремонт")
    aliya.tap("Записать осмотр")
    aliya.tap("В ремонт")
    aliya.tap("Ремонт: записать работу")
    aliya.tap("Отремонтировано")
    aliya.told()
    beket = person("beket")
    check(beket, label)
    stock(beket)
    found = unit(desk_dsn, unit_id=sale.unit_id)
    assert (found["state"], found["repaired"], found["worked_by"]) == ("qc", True, ["aliya"])
    steps = ["received", "inspected", "in_repair", "repaired", "qc_passed", "moved"]
    assert [step for step, _ in life(desk_dsn, sale)] == steps


def test_a_repair_stops_before_it_eats_the_goods(person: Callable[..., Person], desk_dsn: str) -> None:
    """Half an hour of work costs more than a mug can bring: then the thumb lies on the way out."""
    sale, aliya, saule = SALES["cheap"], person("aliya"), person("saule")
    label = take_in(aliya, sale)
    look(aliya)
    aliya.page.get_by_role("group", name="Маршрут").get_by_role("button", name="ремонт").tap()
    aliya.tap("Записать осмотр")
    aliya.tap("В ремонт")
    aliya.tap("Ремонт: записать работу")
    aliya.sees("Стоп: эта работа стоит")
    aliya.sees("Ремонт прекращает старший")
    saule.scan(label)
    saule.tap("Ремонт: записать работу")
    saule.sees("Стоп: эта работа стоит")
    assert saule.page.locator("button.primary").inner_text() == "Прекратить ремонт"
    saule.tap("Прекратить ремонт")
    saule.page.locator(".question").wait_for()
    saule.tap("Не восстановить")
    assert "Записано" in saule.told()
    found = unit(desk_dsn, unit_id=sale.unit_id)
    assert (found["state"], found["zone"]) == ("unrecoverable", "unrecoverable")
    assert [step for step, _ in life(desk_dsn, sale)] == ["received", "inspected", "in_repair", "unrecoverable"]


def test_off_kaspi_used_goods(person: Callable[..., Person], desk_dsn: str) -> None:
    sale, aliya = SALES["off_kaspi"], person("aliya")
    label = take_in(aliya, sale)
    look(aliya, intact="Нет", used="Да")
    aliya.tap("Записать осмотр")
    beket = person("beket")
    check(beket, label)
    found = unit(desk_dsn, unit_id=sale.unit_id)
    assert (found["state"], found["route"], found["signs_of_use"]) == ("qc", "off_kaspi", True)


def give_up(person: Person, route: str, *endings: str) -> None:
    person.page.get_by_role("group", name="Маршрут").get_by_role("button", name=route).tap()
    person.is_sent_to("Списание")
    person.tap("Записать осмотр")
    for ending in endings:
        confirm(person, ending)


def confirm(person: Person, ending: str) -> None:
    """Do what is asked once more, so that no thumb does it by mistake."""
    person.tap(ending)
    person.page.locator(".question").wait_for()
    person.tap(ending)
    person.page.locator(".question").wait_for(state="detached")
    assert "Записано" in person.told()


def test_supplier_defective_goods_go_back_to_him(person: Callable[..., Person], desk_dsn: str) -> None:
    sale, saule = SALES["supplier"], person("saule")
    take_in(saule, sale)
    look(saule, used="Да")
    saule.page.get_by_role("group", name="Что выявлено").get_by_role("button", name="брак").tap()
    give_up(saule, "поставщику", "Не восстановить", "Отдать поставщику")
    assert unit(desk_dsn, unit_id=sale.unit_id)["state"] == "to_supplier"


def test_write_off_what_nothing_can_be_made_of(person: Callable[..., Person], desk_dsn: str) -> None:
    sale, saule = SALES["write_off"], person("saule")
    take_in(saule, sale)
    look(saule, intact="Нет", complete="Нет", used="Да")
    give_up(saule, "списание", "Не восстановить", "Списать")
    assert unit(desk_dsn, unit_id=sale.unit_id)["state"] == "written_off"


def test_goods_that_nobody_expects_wait_to_be_cleared_up(person: Callable[..., Person], desk_dsn: str) -> None:
    daniyar = person("daniyar")
    daniyar.scan("ZZ-UNKNOWN-1")
    daniyar.sees("Это никто не ждёт")
    daniyar.tap("Принять как неожиданный")
    label = daniyar.label()
    found = unit(desk_dsn, unit_label=label)
    assert (found["state"], found["unexpected"], found["merchant_id"]) == ("unexpected", True, "alpha")
    saule = person("saule")
    saule.scan(label)
    confirm(saule, "Вернуть покупателю")
    assert unit(desk_dsn, unit_label=label)["state"] == "returned_to_buyer"


def test_another_product_in_the_parcel(person: Callable[..., Person], desk_dsn: str) -> None:
    sale, saule = SALES["wrong_item"], person("saule")
    take_in(saule, sale)
    look(saule)
    saule.page.get_by_role("group", name="Что выявлено").get_by_role("button", name="не тот товар").tap()
    saule.tap("Записать осмотр")
    confirm(saule, "Утилизировать")
    assert [step for step, _ in life(desk_dsn, sale)] == ["received", "inspected", "wrong_item", "disposed"]


def test_a_photo_is_taken_made_small_and_kept_without_what_the_camera_tells(
    person: Callable[..., Person], desk_dsn: str
) -> None:
    sale, aliya = SALES["photo"], person("aliya")
    aliya.scan(sale.label)
    aliya.answer("Посылка", "Повреждена")
    aliya.page.locator("input[name=camera]").set_input_files(picture())
    aliya.page.locator("input[name=file]").set_input_files(picture("navy"))
    aliya.page.locator(".thumbs li:nth-child(2) img").wait_for()
    aliya.tap("Принять")
    aliya.label()
    aliya.everything_is_sent()
    with connect(desk_dsn) as conn:
        photos = conn.execute(
            "select jpeg, width, height, actor from core.photo where unit_id = %s", (sale.unit_id,)
        ).fetchall()
    assert [(one["actor"], max(one["width"], one["height"]) <= 1600) for one in photos] == [("aliya", True)] * 2
    assert all(b"A camera" not in bytes(one["jpeg"]) and b"Exif" not in bytes(one["jpeg"]) for one in photos)
    aliya.page.get_by_role("link", name="Вся история, фото, деньги").tap()
    aliya.page.locator(".thumbs img").first.wait_for()
    aliya.until("[...document.querySelectorAll('.thumbs img')].every((one) => one.naturalWidth > 0)")
    aliya.page.locator(".life li", has_text="принят").wait_for()


def test_a_mistake_is_taken_back_and_stays_in_the_life(person: Callable[..., Person], desk_dsn: str) -> None:
    sale, aliya = SALES["voided"], person("aliya")
    label = take_in(aliya, sale)
    look(aliya)
    aliya.tap("Записать осмотр")
    assert "Записано" in aliya.told()
    saule = person("saule")
    saule.scan(label)
    saule.page.get_by_role("link", name="Отменить последний шаг").tap()
    saule.sees("Будет отменено: осмотрено")
    saule.page.get_by_role("textbox", name="Почему").fill("Перепутан товар")
    saule.tap("Отменить последний шаг")
    assert "Записано" in saule.told()
    assert unit(desk_dsn, unit_id=sale.unit_id)["state"] == "received"
    assert life(desk_dsn, sale) == [("received", "aliya"), ("inspected", "aliya"), ("voided", "saule")]
    saule.page.get_by_role("link", name="Вся история, фото, деньги").tap()
    saule.page.locator(".life li.voided", has_text="осмотрен").wait_for()


def test_a_supervisor_gives_a_role_and_takes_it_away(person: Callable[..., Person], desk_dsn: str) -> None:
    saule, aliya = person("saule"), person("aliya")
    saule.page.get_by_role("link", name="Ещё").tap()
    saule.page.get_by_role("link", name="Кому что можно").tap()
    saule.page.get_by_role("textbox", name="Логин в Airflow").fill("nurlan")
    saule.answer("Магазин", "Almaty Tech")
    saule.answer("Роль", "осматривает и проверяет")
    saule.tap("Назначить роль")
    assert "nurlan: роль назначена" in saule.told()
    with connect(desk_dsn) as conn:
        given = conn.execute("select merchant_id, role, granted_by from ops.staff_role where user_name = 'nurlan'")
        assert [tuple(row.values()) for row in given] == [("alpha", "inspector", "saule")]
    saule.page.locator("li", has_text="nurlan").get_by_role("button", name="Снять").tap()
    saule.sees("nurlan: роль снята")
    with connect(desk_dsn) as conn:
        changes = conn.execute(
            "select role_before, role_after, actor from ops.staff_role_change where user_name = 'nurlan' "
            "order by change_id"
        )
        assert [tuple(row.values()) for row in changes] == [(None, "inspector", "saule"), ("inspector", None, "saule")]
    aliya.page.goto(f"{aliya.site}/desk/#/staff")
    aliya.sees("Ваша роль этого не позволяет")
    aliya.complaints = [said for said in aliya.complaints if "403" not in said]


def test_a_second_look_is_told_nothing_of_the_first(chromium: Any, new_warehouse: Callable[[], str]) -> None:
    dsn, sale = new_warehouse(), SALES["main"]
    furnish(dsn)
    with connect(dsn) as conn:
        conn.execute("update ops.setting set value = '1' where name = 'second_look_share'")
    with served(desk_app(dsn)) as site:
        aliya, beket = Person(chromium, site, "aliya"), Person(chromium, site, "beket")
        label = take_in(aliya, sale)
        look(aliya)
        aliya.tap("Записать осмотр")
        assert "Записано" in aliya.told()
        beket.page.get_by_role("link", name="Ещё").tap()
        beket.page.get_by_role("link", name="Повторный осмотр").tap()
        beket.page.get_by_role("link", name=sale.name).tap()
        beket.sees("Упаковка цела?")
        shown = beket.page.locator("main").inner_text()
        assert "Оценка" not in shown and beket.page.locator(".zone-sign").count() == 0
        for question, said in (("Упаковка цела?", "Нет"), ("Комплект полный?", "Да"), ("Документы на месте?", "Да"),
                               ("Есть следы использования?", "Нет")):  # fmt: skip
            beket.answer(question, said)
        beket.tap("Записать осмотр")
        beket.told()
        with connect(dsn) as conn:
            pairs = conn.execute(
                "select first_actor, second_actor, first_grade, second_grade from core.second_look_pair"
            )
            assert [tuple(row.values()) for row in pairs] == [("aliya", "beket", "A", "B")]
        assert unit(dsn, unit_label=label)["grade"] == "A", "the ledger keeps the first one"
        saule = Person(chromium, site, "saule")
        saule.page.get_by_role("link", name="Ещё").tap()
        saule.page.get_by_role("link", name="Согласие осмотров").tap()
        saule.sees("Для каппы мало пар")
        saule.sees("Пар: 1, одинаково: 0")
        saule.page.get_by_role("link", name=sale.name).tap()
        saule.sees("Повторный осмотр")
        saule.page.locator("dt", has_text="beket").wait_for()
        saule.leave()
        aliya.leave()
        beket.leave()
