"""The pictures of docs/desk.ru.md, taken by walking the way that it describes.

They are written where QAITARYM_CONSOLE_PICTURES says; without it into a folder that is thrown away.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.console.desk_people import Person, picture
from tests.console.desk_world import SALES
from tests.console.test_desk_in_browser import check, look, take_in
from tests.console.test_desk_offline import LOST, go_offline

HOW_TO = Path(__file__).parents[2] / "docs" / "desk.ru.md"
BIG = {"width": 1280, "height": 800}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(os.environ.get("QAITARYM_CONSOLE_PICTURES") or tmp_path)


def test_the_how_to_shows_what_the_desk_shows(person: Callable[..., Person], folder: Path) -> None:
    aliya, beket, saule = person("aliya"), person("beket"), person("saule")
    aliya.sees("Отсканируйте этикетку")
    aliya.shoot(folder, "desk-scan")
    sale = SALES["main"]
    aliya.scan(sale.label)
    aliya.sees(sale.name)
    aliya.shoot(folder, "desk-expected")
    aliya.tap("Принять")
    label = aliya.label()
    aliya.shoot(folder, "desk-taken-in")
    look(aliya)
    aliya.page.locator("input[name=camera]").set_input_files(picture())
    aliya.page.locator("main").evaluate("main => main.scrollTo(0, 0)")
    aliya.shoot(folder, "desk-inspect")
    aliya.page.locator(".verdict").scroll_into_view_if_needed()
    aliya.page.locator("main").evaluate("main => main.scrollTo(0, main.scrollHeight)")
    aliya.shoot(folder, "desk-verdict")
    aliya.tap("Записать осмотр")
    aliya.told()
    beket.scan(label)
    beket.tap("Контроль качества")
    beket.answer("Товар соответствует этикетке?", "Да")
    beket.shoot(folder, "desk-qc")
    repair(aliya, folder)
    without_a_connection(aliya, folder)
    saule.scan(label)
    saule.page.get_by_role("link", name="Отменить последний шаг").tap()
    saule.sees("Будет отменено")
    saule.page.get_by_role("textbox", name="Почему").fill("Перепутан товар")
    saule.shoot(folder, "desk-void")
    check(beket, label)
    lists(saule, folder)
    saule.page.goto(f"{saule.site}/desk/#/code/{label}")
    saule.page.get_by_role("link", name="Вся история, фото, деньги").tap()
    saule.page.locator(".thumbs img").first.wait_for()
    saule.page.get_by_role("heading", name="Фото").scroll_into_view_if_needed()
    saule.page.locator("main").evaluate("main => main.scrollBy(0, 250)")
    saule.shoot(folder, "desk-unit")
    desk = person("saule", size=BIG, scheme="dark")
    desk.page.get_by_role("link", name="Зоны").click()
    desk.page.locator(".row.zone").first.wait_for()
    desk.shoot(folder, "desk-wide-dark")
    shown = set(re.findall(r"pictures/(desk-[a-z-]+)\.png", HOW_TO.read_text(encoding="utf-8")))
    assert shown <= {path.stem for path in folder.glob("desk-*.png")}


def repair(aliya: Person, folder: Path) -> None:
    take_in(aliya, SALES["repair"])
    look(aliya)
    aliya.page.get_by_role("group", name="Маршрут").get_by_role("button", name="ремонт").tap()
    aliya.tap("Записать осмотр")
    aliya.tap("В ремонт")
    aliya.tap("Ремонт: записать работу")
    aliya.sees("Стоимость этой работы")
    aliya.shoot(folder, "desk-repair")
    aliya.tap("Отремонтировано")
    aliya.told()


def without_a_connection(aliya: Person, folder: Path) -> None:
    label = take_in(aliya, SALES["resale"])
    go_offline(aliya)
    look(aliya, intact="Нет")
    aliya.tap("Записать осмотр")
    aliya.told()
    aliya.shoot(folder, "desk-offline")
    aliya.page.get_by_role("link", name="Отправка").tap()
    aliya.sees("Ждёт отправки")
    aliya.shoot(folder, "desk-sending")
    aliya.context.set_offline(False)
    aliya.everything_is_sent()
    assert label
    aliya.complaints = [said for said in aliya.complaints if not any(word in said for word in LOST)]


def lists(saule: Person, folder: Path) -> None:
    saule.page.get_by_role("link", name="Очередь").tap()
    saule.page.get_by_role("group", name="Шаг").get_by_role("button", name="На склад").tap()
    saule.page.locator("main .list .row").first.wait_for()
    saule.shoot(folder, "desk-queue")
    saule.page.get_by_role("link", name="Зоны").tap()
    saule.page.locator(".row.zone").first.wait_for()
    saule.shoot(folder, "desk-zones")
