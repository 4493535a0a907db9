"""People at the desk: each with a phone of his own, a scanner that types, and a thumb."""

import io
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from PIL import Image

PHONE = {"width": 360, "height": 640}


class Person:
    """One person with one device. Whatever the page complains of or asks elsewhere fails the test at `leave`."""

    def __init__(self, browser: Any, site: str, name: str, *, scheme: str = "light", size: dict[str, int] | None = None,
                 language: str = "ru") -> None:  # fmt: skip
        self.site, self.name = site, name
        self.context = browser.new_context(
            viewport=size or PHONE, color_scheme=scheme, locale="ru-RU", has_touch=size is None, is_mobile=size is None,
            timezone_id="Asia/Almaty", reduced_motion="reduce",
        )  # fmt: skip
        self.context.add_cookies([{"name": "who", "value": name, "url": site}])
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("request", lambda request: self._asked(request.url))
        self.open(language=language)

    def _asked(self, url: str) -> None:
        address = url.removeprefix("blob:")
        if not address.startswith("data:") and urlsplit(address).netloc != urlsplit(self.site).netloc:
            self.elsewhere.append(url)

    def open(self, *, language: str = "ru") -> None:
        self.page.goto(f"{self.site}/desk/?lang={language}")
        self.ready()

    def ready(self) -> None:
        self.page.wait_for_selector("#desk[data-ready=yes]", timeout=30_000)

    def scan(self, code: str) -> None:
        """What a keyboard wedge does: type fast into whatever has the focus, then Enter."""
        self.page.keyboard.type(code, delay=2)
        self.page.keyboard.press("Enter")

    def until(self, script: str, seconds: float = 15) -> None:
        """Wait for something to become true; the page's policy forbids the browser's own way to wait for it."""
        deadline = time.monotonic() + seconds
        while not self.page.evaluate(script):
            assert time.monotonic() < deadline, f"never came true: {script}"
            self.page.wait_for_timeout(50)

    def tap(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).tap()

    def answer(self, question: str, said: str) -> None:
        self.page.get_by_role("group", name=question).get_by_role("button", name=said, exact=True).tap()

    def sees(self, text: str) -> None:
        self.page.get_by_text(text).first.wait_for(timeout=15_000)

    def told(self) -> str:
        """The sentence at the top: what became of the last step."""
        self.page.locator("#news").wait_for()
        return str(self.page.locator("#news").inner_text())

    def is_sent_to(self, zone: str) -> None:
        """The sign names this zone."""
        self.page.locator(".zone-sign b", has_text=zone).wait_for(timeout=15_000)

    def label(self) -> str:
        """The label of the piece whose page is open."""
        self.until("document.querySelector('h1').innerText.startsWith('W1-')")
        return str(self.page.locator("h1").inner_text())

    def outbox(self) -> list[dict[str, Any]]:
        """What the browser keeps to be sent."""
        entries: list[dict[str, Any]] = self.page.evaluate(
            """() => new Promise((done) => {
                const asked = indexedDB.open("qaitarym-desk");
                asked.onsuccess = () => {
                    const all = asked.result.transaction("outbox").objectStore("outbox").getAll();
                    all.onsuccess = () => { asked.result.close(); done(all.result.map(({jpeg, ...rest}) => rest)); };
                };
            })"""
        )
        return entries

    def everything_is_sent(self) -> None:
        self.until("document.querySelector('header .link.good') !== null")
        assert self.outbox() == []

    def shoot(self, folder: Path, name: str) -> None:
        self.page.screenshot(path=folder / f"{name}.png")

    def leave(self, *, forgiven: tuple[str, ...] = ()) -> None:
        left = [said for said in self.complaints if not any(word in said for word in forgiven)]
        self.context.close()
        assert left == []
        assert self.elsewhere == []


def picture(colour: str = "darkred", size: tuple[int, int] = (2400, 1800)) -> dict[str, Any]:
    """A photo as a camera gives it: larger than anybody needs, and it tells where it was taken."""
    out = io.BytesIO()
    facts = Image.Exif()
    facts[0x010F] = "A camera"
    facts.get_ifd(0x8825)[1] = "N"
    Image.new("RGB", size, colour).save(out, "JPEG", exif=facts)
    return {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}
