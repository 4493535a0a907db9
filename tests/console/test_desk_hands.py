"""How the desk feels in the hand: a scanner that types, a thumb, three languages, light and dark, who may not."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.console.desk_people import PHONE, Person
from tests.console.desk_world import SALES, WAREHOUSE
from tests.console.test_desk_in_browser import look, take_in

# pictures to look at, where somebody names a folder for them
PICTURES = os.environ.get("QAITARYM_CONSOLE_PICTURES")
PAGES = ["", "queue", "queue/qc", "zones", "zones/dock", "sent", "more"]
THUMB = 40  # CSS pixels: the least side of whatever is tapped


def focused(person: Person) -> str:
    return str(person.page.evaluate("document.activeElement.id"))


def heard(person: Person, code: str) -> None:
    person.page.wait_for_url(f"**/desk/**#/code/{code}")


def test_a_scan_arrives_wherever_the_focus_is(person: Callable[..., Person]) -> None:
    daniyar = person("daniyar")
    assert focused(daniyar) == "scan", "nothing has to be tapped first"
    daniyar.scan("ABC-1")
    heard(daniyar, "ABC-1")
    assert focused(daniyar) == "scan"
    daniyar.page.evaluate("document.activeElement.blur()")
    daniyar.scan("ABC-2")
    heard(daniyar, "ABC-2")
    daniyar.page.get_by_role("button", name="Принять как неожиданный").focus()
    daniyar.scan("abc-3")  # its Enter must not press the button
    heard(daniyar, "abc-3")
    assert daniyar.outbox() == []


def test_a_scan_into_a_remark_is_taken_out_of_it(person: Callable[..., Person]) -> None:
    daniyar = person("daniyar")
    daniyar.scan(SALES["quiet"].label)
    daniyar.answer("Посылка", "Повреждена")
    remark = daniyar.page.get_by_role("textbox", name="Что повреждено")
    remark.click()
    remark.evaluate("field => field.addEventListener('input', () => { window.remark = field.value; })")
    daniyar.page.keyboard.type("угол смят", delay=90)
    daniyar.scan("W1-SCANNED99")
    heard(daniyar, "W1-SCANNED99")
    assert daniyar.page.evaluate("window.remark") == "угол смят"
    daniyar.page.go_back()
    daniyar.sees("Посылка")


def test_a_russian_or_kazakh_layout_does_not_change_a_code(person: Callable[..., Person]) -> None:
    """The scanner presses keys; which letters they give depends on the layout that happens to be on."""
    daniyar = person("daniyar")
    session = daniyar.context.new_cdp_session(daniyar.page)
    keys = [
        ("Ц", "KeyW", 87, 8),
        ("ә", "Digit2", 50, 0),
        ("ө", "Minus", 189, 0),
        ("Ф", "KeyA", 65, 8),
        ("ү", "Digit8", 56, 0),
    ]
    for text, code, number, modifiers in keys:
        pressed = {"key": text, "code": code, "windowsVirtualKeyCode": number, "modifiers": modifiers}
        session.send("Input.dispatchKeyEvent", {"type": "keyDown", "text": text, "unmodifiedText": text, **pressed})
        session.send("Input.dispatchKeyEvent", {"type": "keyUp", **pressed})
    daniyar.page.keyboard.press("Enter")
    heard(daniyar, "W2-A8")


def test_a_parcel_is_taken_in_without_touching_the_screen(person: Callable[..., Person]) -> None:
    daniyar = person("daniyar")
    daniyar.scan(SALES["beta"].label)  # another merchant's: nothing of it is shown
    daniyar.sees("Это никто не ждёт")
    daniyar.scan(SALES["main"].label)
    daniyar.sees(SALES["main"].name)
    daniyar.scan(SALES["main"].label)  # the same once more: yes
    assert "Принято" in daniyar.told()
    daniyar.scan(SALES["resale"].label)
    daniyar.sees(SALES["resale"].name)
    daniyar.scan("QT:ok")  # or the sheet's code
    assert "Принято" in daniyar.told()
    daniyar.scan("QT:nothing-like-that")
    assert "такой кнопки нет" in daniyar.told()


def test_a_viewer_sees_no_button_and_can_do_nothing(person: Callable[..., Person]) -> None:
    aliya, vera = person("aliya"), person("vera")
    label = take_in(aliya, SALES["off_kaspi"])
    vera.scan(label)
    vera.sees(SALES["off_kaspi"].name)
    assert vera.page.locator("footer .actions button").count() == 0
    vera.scan(SALES["photo"].label)
    vera.sees(SALES["photo"].name)
    assert vera.page.locator("footer .primary:not([disabled])").count() == 0
    vera.page.goto(f"{vera.site}/desk/#/inspect/{label}")
    vera.sees("Ваша роль этого не позволяет")
    refused = vera.page.evaluate(
        """async (label) => (await fetch("api/events", {method: "POST",
            headers: {"Content-Type": "application/json", "X-Qaitarym-Request": "1"},
            body: JSON.stringify({warehouse: "W1", sent_at: new Date().toISOString(), events: [{event_id: "v1",
                type: "moved", occurred_at: new Date().toISOString(), merchant_id: "alpha", store_id: "PP1",
                actor: "vera", unit_label: label, zone: "repair"}]})})).status""",
        label,
    )
    assert refused == 403
    vera.complaints = [said for said in vera.complaints if "403" not in said]


def test_who_has_no_role_is_told_so(person: Callable[..., Person], chromium: Any, desk_site: str) -> None:
    context = chromium.new_context(viewport=PHONE)
    context.add_cookies([{"name": "who", "value": "stranger", "url": desk_site}])
    page = context.new_page()
    page.goto(f"{desk_site}/desk/")
    page.get_by_text("У вас пока нет роли").wait_for()
    assert page.locator("input, button").count() == 0, "there is nothing to do for him"
    context.close()


@pytest.mark.parametrize(
    ("size", "scheme"), [(None, "light"), (None, "dark"), ({"width": 1280, "height": 800}, "light")]
)
@pytest.mark.parametrize("language", ["ru", "kk", "en"])
def test_the_pages_fit_the_screen_and_the_thumb_and_everybody(
    person: Callable[..., Person], size: dict[str, int] | None, scheme: str, language: str
) -> None:
    saule = person("saule", size=size, scheme=scheme, language=language)
    wide = (size or PHONE)["width"]
    for path in PAGES:
        show(saule, path)
        fits(saule, wide, path)
    for code in (SALES["write_off"].label, SALES["photo"].label, "NOBODY-KNOWS-1"):
        saule.scan(code)
        saule.page.locator("footer .primary").wait_for()
        fits(saule, wide, code)
        if PICTURES:
            saule.shoot(Path(PICTURES), f"desk-{language}-{scheme}-{wide}-{code}")


def show(person: Person, path: str) -> None:
    person.page.evaluate("hash => { location.hash = hash; }", f"#/{path}")
    person.page.wait_for_load_state("networkidle")


def fits(person: Person, wide: int, path: str) -> None:
    page = person.page
    assert page.evaluate("document.documentElement.scrollWidth") <= wide, path
    assert page.evaluate("document.querySelector('main').scrollWidth <= document.querySelector('main').clientWidth"), (
        path
    )
    small = page.evaluate(
        """least => [...document.querySelectorAll("button, a, summary, input:not([type=file])")]
            .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < least)
            .map((one) => one.outerHTML.slice(0, 120))""",
        THUMB,
    )
    assert small == [], path
    found = Axe().run(page)
    assert found.violations_count == 0, f"{path}: {found.generate_report()}"


def test_the_main_button_lies_under_the_thumb(person: Callable[..., Person]) -> None:
    aliya = person("aliya")
    take_in(aliya, SALES["supplier"])
    look(aliya)
    for name in ("Записать осмотр",):
        box = aliya.page.get_by_role("button", name=name).bounding_box()
        assert box is not None
        assert box["y"] > PHONE["height"] / 2 and box["y"] + box["height"] <= PHONE["height"]
        assert box["width"] > PHONE["width"] * 0.8 and box["height"] >= 56


def test_the_keys_are_reached_in_the_order_of_the_page(person: Callable[..., Person]) -> None:
    aliya = person("aliya", size={"width": 1280, "height": 800})
    aliya.scan(SALES["voided"].label)
    aliya.page.get_by_role("button", name="Принять").wait_for()
    aliya.page.locator("header a").focus()
    places = []
    for _ in range(12):
        aliya.page.keyboard.press("Tab")
        places.append(aliya.page.evaluate(
            "() => document.activeElement.closest('main') ? 1 : document.activeElement.closest('footer') ? 2 : 3"
        ))  # fmt: skip
    assert 1 in places and 2 in places
    assert places[: places.index(2)] == [1] * places.index(2), "the page's own things first, then what is below"
    assert WAREHOUSE in aliya.page.locator("header").inner_text()
