"""When did a status change? Kaspi does not say; our sweeps bound it. Ticked as in life: every 15 simulated minutes."""

import datetime as dt
import itertools
import random
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from include.db.connection import connect
from include.domain.sweeps import LONG_EVERY_HOURS, SHORT
from include.flows import quarantine
from include.flows.applications import take_in
from include.kaspi import shop_api
from include.sandbox.orders import Order
from include.sandbox.session import Session
from include.sandbox.world import write_world
from tests.db.scripted_shop import DAY, HOUR, MERCHANT, NOW, Life, ScriptedShop, scripted_shop
from tests.flow_driver import World, sandbox

TICK = dt.timedelta(minutes=15)
ALIVE = ("ACCEPTED_BY_MERCHANT", "CANCELLING", "CANCELLED", "ARRIVED", "COMPLETED", "RETURNED")
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


def test_every_change_that_a_sweep_can_see_has_exactly_one_row(
    begin_and_rows: tuple[dt.datetime, list[dict[str, Any]]], orders: dict[str, Order]
) -> None:
    """Of orders young enough for every sweep: what it shows another status of than the one before did, and no more."""
    begin, rows = begin_and_rows
    seen: dict[str, list[tuple[dt.datetime, str]]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: int(row["episode"])):
        seen[row["code"]].append((row["seen_to"], row["status"]))
    expected, found = {}, {}
    for code, order in orders.items():
        ticks = [tick for n in range(HOURS * 4 + 1) if order.created_at <= (tick := begin + n * TICK)]
        swept = [tick for tick in ticks if tick < order.created_at + SHORT]
        shown = [(tick, [step.status for step in order.steps if step.at <= tick][-1]) for tick in swept]
        new = [] if order.created_at <= begin else shown[:1]
        changes = new + [after for before, after in itertools.pairwise(shown) if before[1] != after[1]]
        if changes:
            expected[code] = changes
            found[code] = [one for one in seen[code] if changes[0][0] <= one[0] <= swept[-1]]
    assert sum(map(len, expected.values())) > 40
    assert found == expected


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


@pytest.fixture
def shop(new_warehouse: Callable[[], str]) -> Iterator[ScriptedShop]:
    """A shop without orders, for scripts of a few changes."""
    with scripted_shop(new_warehouse()) as served:
        yield served


def ingest_until(shop: ScriptedShop, *, hours: float, every: dt.timedelta = TICK) -> None:
    for number in itertools.count():
        if number * every > hours * HOUR:
            return
        shop.ingest(NOW + number * every)


def check_bounds(shop: ScriptedShop) -> None:
    """Every change that the shop showed has exactly one row, and happened within its bounds."""
    for code, shown in shop.shown.items():
        visible = [one for before, one in itertools.pairwise([(NOW, ""), *shown]) if before[1] != one[1]]
        observed = shop.observed(code)
        assert [status for status, _, _ in observed] == [status for _, status in visible], code
        outside = [
            (code, status, str(low), str(true), str(high))
            for (moment, _), (status, low, high) in zip(visible, observed, strict=True)
            if not low <= (true := max(at for at, _ in shop.lives[code].steps if at <= moment)) <= high
        ]
        assert outside == []


def test_a_sweep_saw_nothing_of_an_order_that_was_put_aside(shop: ScriptedShop) -> None:
    """It is on its page all the while and cannot be used; whether it is good again by itself or by a replay."""
    changed, bad = NOW + 1.4 * HOUR, (NOW + 0.9 * HOUR, NOW + 2.9 * HOUR)
    for code, bounds in (("701", bad), ("702", bad), ("703", None)):
        shop.lives[code] = Life(NOW - DAY, [(NOW - DAY, "ACCEPTED_BY_MERCHANT"), (changed, "COMPLETED")], bounds)
    ingest_until(shop, hours=2)
    with connect(shop.dsn) as conn:
        assert quarantine.replay(conn, MERCHANT, "kaspi/order", actor="aliya", now=shop.now()) == 2
    ingest_until(shop, hours=3.5)
    check_bounds(shop)
    ((_, _, _), (_, low, high)) = shop.observed("703")
    assert high - low <= 1.5 * TICK, "the one that was never put aside is bounded by the sweeps"


def test_a_sweep_that_showed_a_record_without_an_id_saw_nothing_of_any_order(shop: ScriptedShop) -> None:
    """Nobody can say which order of the span it is; asked for by its own number it has no id either."""
    changed, bad = NOW + 1.4 * HOUR, (NOW + 0.9 * HOUR, NOW + 2.9 * HOUR)
    steps = [(NOW - DAY, "ACCEPTED_BY_MERCHANT"), (changed, "COMPLETED")]
    shop.lives["701"] = Life(NOW - DAY, steps, bad, nameless=True)
    shop.lives["702"] = Life(NOW - DAY, [(NOW - DAY, "ACCEPTED_BY_MERCHANT"), (NOW + 3.4 * HOUR, "COMPLETED")])
    ingest_until(shop, hours=4)
    check_bounds(shop)
    ((_, _, _), (_, low, high)) = shop.observed("702")
    assert high - low <= 1.5 * TICK, "once it is gone, sweeps see again"


def test_what_was_last_seen_moves_without_a_row(shop: ScriptedShop) -> None:
    shop.lives["701"] = Life(NOW - DAY, [(NOW - DAY, "ACCEPTED_BY_MERCHANT")])
    seen = []
    for quarters in range(3):
        shop.ingest(NOW + quarters * TICK)
        (row,) = shop.ask("select status, seen_to, last_seen from core.order_last_seen")
        seen.append(row["last_seen"])
        assert row["status"] == "ACCEPTED_BY_MERCHANT" and row["seen_to"] <= NOW + TICK
    assert seen[0] < seen[1] < seen[2] and seen[2] >= NOW + 2 * TICK
    assert len(shop.ask("select 1 from core.order_observation")) == 1


def test_a_reading_by_code_saw_nothing_of_an_order_that_was_put_aside(shop: ScriptedShop) -> None:
    """Older than any sweep, bad in one reading and replayed before the next."""
    steps = [(NOW - 70 * DAY, "KASPI_DELIVERY_RETURN_REQUESTED"), (NOW + 6 * HOUR, "RETURNED")]
    shop.lives["701"] = Life(NOW - 70 * DAY, steps, (NOW + 5 * HOUR, NOW + 13 * HOUR))
    shop.ingest(NOW, range_from=NOW - 80 * DAY, range_to=NOW - 61 * DAY)
    for hours in (1, 7, 13.5):
        shop.ingest(NOW + hours * HOUR)
    check_bounds(shop)
    assert shop.ask("select status from ops.quarantine") == [{"status": "resolved"}]


def test_a_dismissed_entry_hides_nothing_once_a_good_version_is_published(shop: ScriptedShop) -> None:
    steps = [(NOW - DAY, "ACCEPTED_BY_MERCHANT"), (NOW + 1.4 * HOUR, "COMPLETED"), (NOW + 3.4 * HOUR, "RETURNED")]
    shop.lives["701"] = Life(NOW - DAY, steps, (NOW + 0.9 * HOUR, NOW + 1.9 * HOUR))
    ingest_until(shop, hours=1)
    with connect(shop.dsn) as conn:
        ids = [row["id"] for row in shop.ask("select id from ops.quarantine")]
        assert quarantine.dismiss(conn, ids, "aliya", "known", shop.now()) == 1
    ingest_until(shop, hours=3.5)
    check_bounds(shop)
    (*_, (_, low, high)) = shop.observed("701")
    assert high - low <= 1.5 * TICK


def test_a_reading_by_code_bounds_only_the_orders_that_it_read(shop: ScriptedShop) -> None:
    """An application's case is as old as the application; readings from before the file came did not ask for it."""
    delivered = (NOW - 70 * DAY, "COMPLETED")
    shop.lives["701"] = Life(NOW - 70 * DAY, [delivered, (NOW + 3 * HOUR, "RETURNED")])
    shop.lives["702"] = Life(NOW - 70 * DAY, [(NOW - 70 * DAY, "KASPI_DELIVERY_RETURN_REQUESTED")])
    shop.ingest(NOW, range_from=NOW - 80 * DAY, range_to=NOW - 61 * DAY)
    for hours in (1, 7):
        shop.ingest(NOW + hours * HOUR)
    made = (NOW - DAY).astimezone(dt.timezone(dt.timedelta(hours=5)))
    rows = (
        "Номер заявки;Номер заказа;Артикул;Количество;Код причины;Дата создания;Раздел;Шаг;Дата шага",
        f"701-1;701;LAMP;1;WRONG;{made:%d.%m.%Y %H:%M};Новые;MERCHANT_APPROVAL;",
    )
    take_in(shop.dsn, MERCHANT, "applications.csv", "\n".join(rows).encode(), "aliya", shop)
    for hours in (8, 13):
        shop.ingest(NOW + hours * HOUR)
    assert shop.asked.count("702") == 3 and shop.asked.count("701") == 1
    check_bounds(shop)


def test_reading_takes_time_and_the_bounds_know_it(shop: ScriptedShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call takes a minute, pages are asked for ahead, and orders change between any two of them."""
    monkeypatch.setattr(shop_api, "PAGE_SIZE", 2)
    shop.a_call = HOUR / 180
    dice = random.Random(7)
    for number in range(16):
        old = number % 4 == 0  # an open case that only a reading by code can see
        at = created = NOW - (70 * DAY if old else 8 * HOUR) + number * HOUR / 60
        statuses = ("KASPI_DELIVERY_RETURN_REQUESTED", "RETURN_ACCEPTED_BY_MERCHANT") if old else ALIVE
        steps = [(created, statuses[0])]
        at = NOW - 3 * HOUR
        while at < NOW + 12 * HOUR:
            at += dice.uniform(2, 60 if old else 180) * HOUR / 60
            steps.append((at, dice.choice([one for one in statuses if one != steps[-1][1]])))
        shop.lives[str(700 + number)] = Life(created, steps)
    shop.ingest(NOW - 2 * HOUR, range_from=NOW - 80 * DAY, range_to=NOW - 61 * DAY)
    for hours in range(12):
        shop.ingest(NOW + hours * HOUR)
    check_bounds(shop)
    assert sum(len(shop.observed(code)) for code in shop.lives) > 60
    assert len(shop.ask("select 1 from ops.sweep where published")) > 12


@pytest.mark.parametrize("days", [1, 70])
def test_a_change_just_after_the_order_was_read_is_not_said_to_be_later(
    shop: ScriptedShop, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    """By list or by code: what is stored minutes after its answer was asked for minutes before."""
    monkeypatch.setattr(shop_api, "PAGE_SIZE", 2)
    shop.a_call = HOUR / 180
    first = "KASPI_DELIVERY_RETURN_REQUESTED"
    for code in ("701", "702", "703"):
        steps = [(NOW - days * DAY, first), (NOW + 6.5 * HOUR, "RETURN_ACCEPTED_BY_MERCHANT")]
        shop.lives[code] = Life(NOW - days * DAY, steps)
    shop.ingest(NOW, range_from=NOW - 80 * DAY, range_to=NOW - 61 * DAY)
    shop.ingest(NOW + 2 * HOUR)
    shop.surprises = dict.fromkeys(shop.lives, "RETURNED")
    shop.ingest(NOW + 9 * HOUR)
    shop.ingest(NOW + 20 * HOUR)
    check_bounds(shop)
    assert {status for code in shop.lives for status, _, _ in shop.observed(code)[2:]} == {"RETURNED"}


def test_statuses_that_one_batch_saw_one_after_the_other_are_all_observed(shop: ScriptedShop) -> None:
    """A run that is read in several tries sees an order more than once before it is published."""
    steps = [(NOW - DAY, "ACCEPTED_BY_MERCHANT"), (NOW + HOUR, "COMPLETED"), (NOW + 2 * HOUR, "RETURNED")]
    shop.lives["701"] = Life(NOW - DAY, steps)
    run = shop.run()
    for hours in (0.5, 1.5, 2.5):
        shop.moment = NOW + hours * HOUR
        shop.fetch(run)
        shop.ask("update ops.fetch_window set completed_at = null returning 1")
        shop.ask("delete from ops.fetch_page returning 1")
    shop.publish(run)
    check_bounds(shop)
    assert shop.ask("select status from core.customer_order") == [{"status": "RETURNED"}]
    assert shop.ask("select return_kind from core.return_case") == [{"return_kind": "customer_return"}]


@pytest.mark.parametrize("late", [False, True])
def test_whichever_run_is_published_first_the_tables_end_the_same(shop: ScriptedShop, late: bool) -> None:
    """An old range that sees COMPLETED is published before or after the sweep that sees RETURNED."""
    shop.lives["701"] = Life(
        NOW - DAY, [(NOW - DAY, "ACCEPTED_BY_MERCHANT"), (NOW + HOUR, "COMPLETED"), (NOW + 2 * HOUR, "RETURNED")]
    )
    shop.lives["702"] = Life(
        NOW - DAY,
        [
            (NOW - DAY, "ACCEPTED_BY_MERCHANT"),
            (NOW + HOUR, "KASPI_DELIVERY_RETURN_REQUESTED"),
            (NOW + 2 * HOUR, "RETURNED"),
        ],
    )
    shop.lives["703"] = Life(NOW - DAY, [(NOW - DAY, "ACCEPTED_BY_MERCHANT"), (NOW + HOUR, "RETURNED")])
    shop.ingest(NOW)
    shop.moment = NOW + 1.5 * HOUR
    old = shop.run(range_from=NOW - 3 * DAY, range_to=NOW)
    shop.fetch(old)
    if not late:
        shop.publish(old)
    shop.ingest(NOW + 2.5 * HOUR)
    if late:
        shop.publish(old)
    check_bounds(shop)
    cases = shop.ask(
        "select order_id, return_kind, status, requested_from, requested_to from core.return_case order by 1"
    )
    early = {"requested_from": NOW, "requested_to": NOW + 1.5 * HOUR}
    assert cases == [
        {"order_id": "id-701", "return_kind": "customer_return", "status": "closed",
         "requested_from": NOW + 1.5 * HOUR, "requested_to": NOW + 2.5 * HOUR},
        {"order_id": "id-702", "return_kind": "unknown", "status": "closed", **early},
        {"order_id": "id-703", "return_kind": "unknown", "status": "closed", **early},
    ]  # fmt: skip
    assert {code: shop.observed(code)[1:] for code in ("701", "702", "703")} == {
        "701": [("COMPLETED", NOW, NOW + 1.5 * HOUR), ("RETURNED", NOW + 1.5 * HOUR, NOW + 2.5 * HOUR)],
        "702": [
            ("KASPI_DELIVERY_RETURN_REQUESTED", NOW, NOW + 1.5 * HOUR),
            ("RETURNED", NOW + 1.5 * HOUR, NOW + 2.5 * HOUR),
        ],
        "703": [("RETURNED", NOW, NOW + 1.5 * HOUR)],
    }


def test_a_second_return_has_the_bounds_of_its_own_signal(shop: ScriptedShop) -> None:
    statuses = ("ACCEPTED_BY_MERCHANT", "CANCELLING", "KASPI_DELIVERY_RETURN_REQUESTED", "COMPLETED", "RETURNED")
    shop.lives["701"] = Life(NOW - DAY, [(NOW - HOUR / 2 + n * HOUR, status) for n, status in enumerate(statuses)])
    ingest_until(shop, hours=4, every=HOUR)
    check_bounds(shop)
    cases = shop.ask("select episode, status, requested_from, requested_to from core.return_case order by episode")
    assert cases == [
        {"episode": 1, "status": "cancelled", "requested_from": NOW, "requested_to": NOW + HOUR},
        {"episode": 2, "status": "closed", "requested_from": NOW + 3 * HOUR, "requested_to": NOW + 4 * HOUR},
    ]
