"""Take the pictures that the documents show, from the running demonstration (``make demo`` first).

``python -m tools.pictures`` drives Chromium as a person would: through Airflow's login to the console, and to the mail.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from runtime.browser import find_browser
from runtime.ports import read_ports
from runtime.programs import sandbox_url

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
SHORT_PHONE = {"width": 390, "height": 470}
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@contextmanager
def chromium(path: str) -> Iterator[Browser]:
    """Run a headless Chromium that asks nobody outside for anything."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def log_in(page: Page, summary: dict[str, Any]) -> None:
    """Go through Airflow's own login page."""
    page.goto(summary["airflow_url"])
    page.fill("input[name=username]", summary["username"])
    page.fill("input[name=password]", summary["password"])
    page.click("button[type=submit]")
    page.wait_for_url("**/", timeout=60_000)


def main() -> int:
    """Write the pictures; return 0."""
    run = Path(os.environ.get("QAITARYM_RUN_DIR") or ROOT / ".run")
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    ports = read_ports(run / "ports.json")
    assert ports is not None, "make demo first"
    path = find_browser()
    if path is None:
        sys.exit("no Chromium here: install the package `chromium`")
    PICTURES.mkdir(exist_ok=True)
    with chromium(path) as browser:
        context = browser.new_context(viewport=DESKTOP, locale="ru-RU")
        page = context.new_page()
        log_in(page, summary)
        shoot(page, summary["airflow_url"] + "/plugin/qaitarym", "console-in-airflow", wait=4000)
        shoot(page, summary["airflow_url"] + "/dags", "dags-in-airflow", wait=4000)
        for name, size, scheme in (
            ("console-desktop", DESKTOP, "light"),
            ("console-desktop-dark", DESKTOP, "dark"),
            ("console-phone", PHONE, "light"),
            ("console-phone-dark", PHONE, "dark"),
        ):
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme)
            shoot(page, summary["console_url"], name)
        for name, size, scheme, address in (
            ("dashboard-flow", DESKTOP, "light", "flow"),
            ("dashboard-money", DESKTOP, "light", "money"),
            ("dashboard-causes-phone", PHONE, "light", "causes"),
            ("dashboard-speed-dark", DESKTOP, "dark", "speed"),
        ):
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme)
            shoot(page, summary["console_url"].rstrip("/") + f"/{address}", name)
        page.set_viewport_size(DESKTOP)
        page.emulate_media(color_scheme="light")
        shoot(page, summary["console_url"].rstrip("/") + "/mails?lang=ru", "mails")
        for name, size, kind in (
            ("weekly-mail", {"width": 760, "height": 900}, b"<kpi."),
            ("weekly-mail-phone", PHONE, b"<kpi."),
            ("notice-mail-phone", SHORT_PHONE, b"<arrived."),
            ("owed-mail-phone", SHORT_PHONE, b"<owed."),
        ):
            page.emulate_media(color_scheme="light")
            page.set_viewport_size(size)
            mail = f"{sandbox_url(ports)}/mailbox/{newest_mail(run / 'sandbox' / 'mailbox', kind)}"
            shoot(page, mail, name, whole=True)
    return 0


def newest_mail(mailbox: Path, kind: bytes) -> int:
    """Return the number of the newest mail whose Message-ID begins so."""
    found = (path for path in mailbox.glob("*.eml") if b"Message-ID: " + kind in path.read_bytes())
    return max(int(path.name.partition("-")[0]) for path in found)


def shoot(page: Page, url: str, name: str, *, wait: int = 500, whole: bool = False) -> None:
    """Open an address and keep what it looks like."""
    page.goto(url)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(wait)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=whole)
    sys.stdout.write(f"docs/pictures/{name}.png\n")


if __name__ == "__main__":
    sys.exit(main())
