"""The benchmarks' Shop API answers as the real one would, and the same orders every time."""

import datetime as dt
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from bench import ingest_server, quiet
from bench.orders import DataSet
from bench.processes import counters, server
from bench.result import Result
from include.kaspi.states import STATES

ORDERS = DataSet(2_345, first=1_000)
Shop = tuple[str, Path]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("orders")
    ingest_server.write(ORDERS, folder)
    with server("bench.ingest_server", "--folder", str(folder)) as about:
        yield about["url"], folder


def ask(url: str, path: str, **params: Any) -> requests.Response:
    return requests.get(f"{url}/shop/api/v2{path}", params=params, headers={"X-Auth-Token": "all"}, timeout=10)


def listed(url: str, begin: dt.datetime, end: dt.datetime, size: int = 100, **more: Any) -> Iterator[dict[str, Any]]:
    """Yield the pages of a window."""
    for number in itertools.count():
        page = ask(
            url,
            "/orders",
            **{
                "page[number]": number,
                "page[size]": size,
                "filter[orders][creationDate][$ge]": int(begin.timestamp() * 1000),
                "filter[orders][creationDate][$le]": int(end.timestamp() * 1000),
                "include[orders]": "entries",
                **more,
            },
        ).json()
        yield page
        if number + 1 >= page["meta"]["pageCount"]:
            return


def test_the_folders_add_up_to_all_orders_and_their_lines(shop: Shop) -> None:
    url, _ = shop
    pages = [page for state in STATES for page in listed(url, *ORDERS.span(), **{"filter[orders][state]": state})]
    orders = [order for page in pages for order in page["data"]]
    wanted = [ORDERS.order(index) for index in range(ORDERS.first, ORDERS.beyond)]
    assert sorted(order["id"] for order in orders) == sorted(order.order_id for order in wanted)
    assert {order["id"]: order["attributes"]["status"] for order in orders} == {
        one.order_id: one.status for one in wanted
    }
    lines = {line["id"]: line["attributes"]["offer"]["code"] for page in pages for line in page["included"]}
    assert lines == {line.entry_id: line.sku for order in wanted for line in order.lines}
    assert all(len(page["data"]) <= 100 for page in pages)


def test_an_order_in_the_overlap_of_two_windows_is_in_both(shop: Shop) -> None:
    url, _ = shop
    begin, end = ORDERS.span()
    middle = begin + (end - begin) / 2
    first, second = (
        {order["id"] for page in listed(url, *span) for order in page["data"]}
        for span in ((begin, middle + dt.timedelta(hours=1)), (middle - dt.timedelta(hours=1), end))
    )
    assert len(first | second) == ORDERS.count
    assert len(first & second) == pytest.approx(dt.timedelta(hours=2).total_seconds() * 1000 / 51_054, abs=2)


def test_the_counts_do_not_depend_on_the_page_size(shop: Shop) -> None:
    url, _ = shop
    page = next(listed(url, *ORDERS.span(), size=1))
    assert page["meta"] == {"pageCount": ORDERS.count, "totalCount": ORDERS.count}
    assert len(page["data"]) == 1


def test_one_order_by_its_code_and_by_its_id(shop: Shop) -> None:
    url, _ = shop
    wanted = ORDERS.order(ORDERS.first + 7)
    assert ask(url, "/orders", **{"filter[orders][code]": wanted.code}).json()["data"][0]["id"] == wanted.order_id
    assert ask(url, f"/orders/{wanted.order_id}").json()["data"]["attributes"]["code"] == wanted.code
    lines = ask(url, f"/orders/{wanted.order_id}/entries").json()["data"]
    assert [line["id"] for line in lines] == [line.entry_id for line in wanted.lines]
    assert ask(url, "/orders", **{"filter[orders][code]": "1"}).json()["meta"]["totalCount"] == 0
    assert ask(url, "/orders/unknown").status_code == 404


def test_it_refuses_what_the_shop_refuses(shop: Shop) -> None:
    url, _ = shop
    span: dict[str, Any] = {
        "page[number]": 0,
        "page[size]": 100,
        "filter[orders][creationDate][$ge]": 0,
        "filter[orders][creationDate][$le]": 15 * 86_400_000,
    }
    answer = ask(url, "/orders", **span)
    assert answer.status_code == 400
    assert "Actual [15], max [14]" in answer.json()["errors"][0]["title"]
    del span["filter[orders][creationDate][$ge]"]
    assert "is empty" in ask(url, "/orders", **span).json()["errors"][0]["title"]
    assert requests.get(f"{url}/shop/api/v2/orders", params=span, timeout=10).status_code == 401


def test_it_counts_what_it_was_asked(shop: Shop) -> None:
    url, _ = shop
    counters(url, reset=True)
    pages = sum(1 for _ in listed(url, *ORDERS.span()))
    found = counters(url)
    assert found["by_kind"] == {"list": pages} and found["requests"] == pages and found["most_at_once"] == 1


def test_every_kth_order_is_another_one_where_that_is_wanted() -> None:
    changed = DataSet(ORDERS.count, first=ORDERS.first, changed_every=10)
    differ = [
        index
        for (_, was, _), (_, now, _), index in zip(
            ORDERS.orders(), changed.orders(), range(ORDERS.first, ORDERS.beyond), strict=True
        )
        if was != now
    ]
    assert differ == [index for index in range(ORDERS.first, ORDERS.beyond) if index % 10 == 0]


def test_a_busy_machine_is_not_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert quiet.must_be_quiet("x", busy=1e9)
    assert not quiet.must_be_quiet("x", busy=-1, wait_seconds=0)
    assert "not measured" in capsys.readouterr().err


def test_a_figure_has_its_spread() -> None:
    result = Result("x", "smoke")
    assert result.measure("time", [3.0, 1.0, 2.0], "s") == 2.0
    row = result.document()["rows"][0]
    assert (row["least"], row["median"], row["most"]) == (1.0, 2.0, 3.0)


def test_a_bound_of_time_is_judged_at_full_size_only() -> None:
    for size, checks in (("smoke", ["rows"]), ("full", ["rows", "seconds"])):
        result = Result("x", size)
        result.check("rows", 0.0, "0", holds=True)
        result.check("seconds", 9.0, "<= 1", holds=False, of_time=True)
        assert [check.what for check in result.checks] == checks
