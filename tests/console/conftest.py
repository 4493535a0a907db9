"""The desk as its tests meet it: a world, served over HTTP, and people with a real browser each."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from runtime.browser import find_browser

pytest.register_assert_rewrite("tests.console.desk_people")

from tests.console.desk_people import Person  # noqa: E402
from tests.console.desk_world import desk_app, furnish, served  # noqa: E402


@pytest.fixture(scope="module")
def desk_dsn(new_warehouse: Callable[[], str]) -> str:
    address = new_warehouse()
    furnish(address)
    return address


@pytest.fixture(scope="module")
def desk_site(desk_dsn: str) -> Iterator[str]:
    with served(desk_app(desk_dsn)) as address:
        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = find_browser()
    if path is None:
        pytest.skip("no Chromium here")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


@pytest.fixture
def person(chromium: Any, desk_site: str) -> Iterator[Callable[..., Person]]:
    """Gives somebody a phone; at the end each page must have kept its policy and asked nobody elsewhere."""
    here: list[Person] = []

    def come(name: str, site: str = desk_site, **more: Any) -> Person:
        here.append(Person(chromium, site, name, **more))
        return here[-1]

    yield come
    for one in here:
        one.leave()
