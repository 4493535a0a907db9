"""When did a status change? Kaspi does not say; our sweeps bound it. Ticked as in life: every 15 simulated minutes."""

import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from include.domain.sweeps import LONG_EVERY_HOURS, SHORT
from include.sandbox.orders import Order
from include.sandbox.session import Session
from include.sandbox.world import write_world
from tests.flow_driver import World, sandbox

TICK = dt.timedelta(minutes=15)
HOURS = 13  # two long sweeps after the first
CHANGES = """
select
    merchant_id, code, observed.status, episode, seen_from, seen_to, created_at
from core.order_observation as observed
inner join core.customer_order using (merchant_id, order_id)
"""


@pytest.fixture(scope="module")
def begin_and_rows(
    tmp_path_factory: pytest.TempPathFactory, new_warehouse: Callable[[], str]
) -> Iterator[tuple[dt.datetime, list[dict[str, Any]]]]:
    """The moment the ticks began, and every observation after them."""
    with sandbox(tmp_path_factory.mktemp("ticks"), new_warehouse()) as world:
        world.past()
        begin = dt.datetime.fromisoformat(world.about["start_of_life"])
        _live(world, begin)
        yield begin, world.query(CHANGES)


def _live(world: World, begin: dt.datetime) -> None:
    for tick in range(1, HOURS * 4 + 1):
        world.advance((begin + tick * TICK).isoformat())
        world.ingest()


@pytest.fixture(scope="module")
def orders(
    tmp_path_factory: pytest.TempPathFactory, begin_and_rows: tuple[dt.datetime, list[dict[str, Any]]]
) -> dict[str, Order]:
    """The same world lived once more, asked for its script: it knows the times."""
    begin, _ = begin_and_rows
    session = Session(write_world(), tmp_path_factory.mktemp("script"), begin)
    session.advance(begin + HOURS * 4 * TICK)
    return session.life.orders


def _true_time(order: Order, row: dict[str, Any]) -> dt.datetime:
    """Return when the order got the status that was seen: its last step to it before it was seen."""
    return max(step.at for step in order.steps if step.status == row["status"] and step.at <= row["seen_to"])


def test_the_true_time_of_every_change_lies_within_its_bounds(
    begin_and_rows: tuple[dt.datetime, list[dict[str, Any]]], orders: dict[str, Order]
) -> None:
    _, rows = begin_and_rows
    outside = [
        (row["code"], row["status"], row["seen_from"], _true_time(orders[row["code"]], row), row["seen_to"])
        for row in rows
        if not row["seen_from"] <= _true_time(orders[row["code"]], row) <= row["seen_to"]
    ]
    assert len(rows) > 3000
    assert outside == []


def test_the_bounds_are_as_tight_as_the_sweeps_allow(
    begin_and_rows: tuple[dt.datetime, list[dict[str, Any]]],
) -> None:
    """The median width is at most one and a half sweep intervals of that age."""
    begin, rows = begin_and_rows
    widths: dict[str, list[dt.timedelta]] = defaultdict(list)
    long = dt.timedelta(hours=LONG_EVERY_HOURS)
    for row in rows:
        if row["seen_to"] <= begin + TICK:
            continue  # what the first sweep found had changed in the past that one run took in
        age = row["seen_to"] - row["created_at"]
        widths["short" if age < SHORT else "long"].append(row["seen_to"] - row["seen_from"])
    medians = {name: statistics.median(found) for name, found in widths.items()}
    print({name: (len(found), str(medians[name])) for name, found in widths.items()})
    assert len(widths["short"]) > 30 and len(widths["long"]) > 15
    assert medians["short"] <= 1.5 * TICK
    assert medians["long"] <= 1.5 * long
