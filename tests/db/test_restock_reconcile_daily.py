"""The four comparisons: silence when they agree, a difference with an age and money when not."""

from collections.abc import Callable, Iterator

import pytest

from include.db.connection import connect
from tests.db.restock_world import Offer, RestockWorld, at


@pytest.fixture
def world(new_warehouse: Callable[[], str]) -> Iterator[RestockWorld]:
    """One resale unit on sale, fetched, and two buyers' pieces to go."""
    with RestockWorld(new_warehouse(), {"A1": Offer("A1"), "C1": Offer("C1", count=None)}).served() as made:
        made.onboard()
        made.unit("U1", "A1", 1, route="resale", grade="B")
        made.unit("U2", "A1", 1, route="resale", grade="B")
        made.unit("U3", "A1", 1)
        made.restock(2)
        made.fetched(2.3)
        made.seen = [
            {"sku": "A1", "store_id": "PP1", "on_sale": True, "price": 10_000, "quantity": 6},
            {"sku": "A1R", "store_id": "PP1", "on_sale": True, "price": 9_250, "quantity": 2},
        ]
        made.restock(3)
        yield made


def rows(world: RestockWorld) -> dict[str, tuple[object, ...]]:
    found = world.query(
        "select offer_sku, desired_qty, published_qty, observed_qty, divergence, diverging_since from mart.offer_sync"
    )
    return {row["offer_sku"]: tuple(row.values())[1:] for row in found}


def test_silence_when_everything_agrees(world: RestockWorld) -> None:
    assert world.reconcile(4) == "published"

    assert rows(world) == {"A1": (6, 6, 6, None, None), "A1R": (2, 2, 2, None, None)}
    assert world.query("select * from core.discrepancy") == []


def test_what_was_sold_since_the_pull_is_no_difference(world: RestockWorld) -> None:
    world.order("o1", "A1R", 3.2)
    world.order("o2", "A1", 3.2, quantity=2)
    world.seen[0]["quantity"], world.seen[1]["quantity"] = 4, 1
    world.offers["A1"].count = 3
    world.restock(3.5)

    world.reconcile(3.5)

    assert rows(world) == {"A1": (4, 4, 4, None, None), "A1R": (1, 1, 1, None, None)}


def test_a_difference_keeps_its_beginning_and_closes(world: RestockWorld) -> None:
    world.seen[1]["quantity"] = 0
    world.seen[1]["on_sale"] = False
    world.reconcile(4)
    world.reconcile(28)

    assert rows(world)["A1R"][3:] == ("buyers see 0, expected 2", at(4))
    difference = (
        "select subject, opened_at, money_at_risk, status from core.discrepancy where kind = 'stock_divergence'"
    )
    assert world.query(difference) == [
        {
            "subject": "A1R at PP1: buyers see 0, expected 2",
            "opened_at": at(4),
            "money_at_risk": 2 * 9_250,
            "status": "open",
        }
    ]

    world.seen[1].update(quantity=2, on_sale=True)
    world.reconcile(52)
    assert rows(world)["A1R"][3:] == (None, None)
    assert [row["status"] for row in world.query(difference)] == ["resolved"]


def test_waiting_units_unfetched_lists_prices_and_counts_are_differences(world: RestockWorld) -> None:
    world.unit("U4", "C1", 3.1)
    world.offers["A1"].price = 11_000
    world.restock(4)  # a new list, which nobody fetches
    world.seen[1]["price"] = 9_000
    with connect(world.dsn) as conn:
        conn.execute("insert into channel.wms_stock values ('m', 'PP1', 'A1R', %s, 1)", (at(5),))

    world.reconcile(9)

    told = {sku: row[3] for sku, row in rows(world).items()}
    assert told["C1"] == "1 waiting: the main offer has no stockCount; version 2 was not fetched"
    assert told["A1R"] == (
        "version 2 was not fetched; buyers see the price 9000, published 9250; "
        "the warehouse counted 1, the ledger has 2"
    )


def everything(world: RestockWorld) -> tuple[object, ...]:
    return world.business_rows(), world.one("select count(*) from channel.observation")


def test_an_older_run_changes_nothing_and_ends_green(world: RestockWorld) -> None:
    """Cleared or filled in later, it would stamp the present with a time that is over and close differences."""
    first = world.new_run("restock_reconcile_daily", 4)
    world.reconcile(4, first)
    world.seen[1].update(quantity=0, on_sale=False)
    world.reconcile(28)
    world.seen[1].update(quantity=2, on_sale=True)
    before = everything(world)

    assert world.reconcile(4, first) == "published"  # cleared
    assert world.reconcile(16) == "published"  # a day in between, filled in afterwards

    assert everything(world) == before
    assert world.query("select status from core.discrepancy") == [{"status": "open"}]


def test_a_run_overtaken_between_stage_and_publish_shows_nothing(world: RestockWorld) -> None:
    from include.flows import restock_reconcile_daily
    from include.quality.gate import judge
    from include.quality.suites.restock_reconcile_daily import SUITE

    old = world.new_run("restock_reconcile_daily", 4)
    restock_reconcile_daily.stage(world.dsn, old, world.url, "stage")
    judge(world.dsn, old, SUITE)
    world.seen[1].update(quantity=0, on_sale=False)
    world.reconcile(28)
    before = everything(world)

    assert restock_reconcile_daily.publish(world.dsn, old, "publish") == 0

    assert everything(world) == before
    assert world.status(old) == "published"


def test_a_list_that_only_others_fetched_was_not_fetched(world: RestockWorld) -> None:
    world.offers["A1"].price = 11_000
    world.restock(4)
    world.fetched(4.3, user_agent="Mozilla/5.0")

    world.reconcile(9)

    assert "version 2 was not fetched" in str(rows(world)["A1R"][3])


def test_without_an_observer_what_buyers_see_is_unknown(world: RestockWorld) -> None:
    world.observed = False

    assert world.reconcile(4) == "published"

    assert rows(world) == {"A1": (6, 6, None, None, None), "A1R": (2, 2, None, None, None)}


def test_the_gate_holds_a_comparison_that_contradicts_itself(world: RestockWorld) -> None:
    from include.flows import restock_reconcile_daily
    from include.quality.gate import judge
    from include.quality.suites.restock_reconcile_daily import SUITE

    run = world.new_run("restock_reconcile_daily", 4)
    restock_reconcile_daily.stage(world.dsn, run, world.url, "stage")
    with connect(world.dsn) as conn:
        conn.execute("update mart.stage_offer_sync set desired_qty = 1 where offer_sku = 'A1R'")

    judge(world.dsn, run, SUITE)
    restock_reconcile_daily.publish(world.dsn, run, "publish")

    assert world.status(run) == "held"
    assert rows(world) == {}


def differences(world: RestockWorld) -> list[tuple[object, ...]]:
    found = world.query(
        "select offer_sku, cause, expected, found, pieces, money, since from mart.offer_difference order by 1, 2"
    )
    return [tuple(row.values()) for row in found]


def test_each_cause_has_its_pieces_money_and_age(world: RestockWorld) -> None:
    world.seen[1]["price"] = 9_000
    world.reconcile(4)
    world.seen[1]["quantity"] = 1
    with connect(world.dsn) as conn:
        conn.execute("insert into channel.wms_stock values ('m', 'PP1', 'A1R', %s, 3)", (at(4.5),))

    world.reconcile(28)

    assert differences(world) == [
        ("A1R", "buyers_see_fewer", 2, 1, 1, 9_250, at(28)),
        ("A1R", "price", 9_250, 9_000, 1, 250, at(4)),
        ("A1R", "warehouse_has_more", 2, 3, 1, 9_250, at(28)),
    ]
    assert world.one("select money_at_risk from core.discrepancy where status = 'open'") == 9_250
    numbers = world.query(
        "select base_qty, returned_qty, expected_lo, expected_hi, shelf_qty, counted_at, compared_at "
        "from mart.offer_sync where offer_sku = 'A1R'"
    )
    assert [tuple(row.values()) for row in numbers] == [(None, 2, 2, 2, 2, at(4.5), at(28))]


def test_among_the_merchants_own_goods_only_too_few_are_a_difference(world: RestockWorld) -> None:
    """On the shelf of a main offer his own pieces lie, too: nobody can say that there are too many."""
    with connect(world.dsn) as conn:
        conn.execute("insert into channel.wms_stock values ('m', 'PP1', 'A1', %s, 9)", (at(3.5),))
    world.reconcile(4)
    assert differences(world) == []

    with connect(world.dsn) as conn:
        conn.execute("insert into channel.wms_stock values ('m', 'PP1', 'A1', %s, 0)", (at(5),))
    world.reconcile(28)
    assert differences(world) == [("A1", "warehouse_has_fewer", 1, 0, 1, 10_000, at(28))]


def test_a_cancelled_order_of_before_the_pull_gives_back_after_it(world: RestockWorld) -> None:
    """Kaspi took one less because of the order, and raises its own count when it is cancelled."""
    world.order("o1", "A1R", 3.1)
    world.restock(3.2)
    world.fetched(3.3)
    world.seen[1]["quantity"] = 1
    world.reconcile(3.5)
    assert differences(world) == []

    world.order("o1", "A1R", 3.1, status="CANCELLED")
    with connect(world.dsn) as conn:
        conn.execute(
            "insert into core.order_observation (merchant_id, order_id, status, state, seen_from, seen_to, episode) "
            "values ('m', 'o1', 'CANCELLED', 'ARCHIVE', %s, %s, 1)",
            (at(3.25), at(3.75)),
        )
    for quantity in (1, 2):  # it may have been cancelled before or after the pull: both are right
        world.seen[1]["quantity"] = quantity
        world.reconcile(4 + quantity)
        assert [row for row in differences(world) if row[1].startswith("buyers")] == []  # type: ignore[attr-defined]
    bounds = world.query("select expected_lo, expected_hi from mart.offer_sync where offer_sku = 'A1R'")
    assert [tuple(row.values()) for row in bounds] == [(1, 2)]

    world.seen[1]["quantity"] = 3
    world.reconcile(8)
    assert ("A1R", "buyers_see_more", 2, 3, 1, 9_250, at(8)) in differences(world)


def test_a_list_that_shows_more_than_there_is_is_told(world: RestockWorld) -> None:
    """An order came after the list was made: until the next one is published, one piece too many is shown."""
    world.order("o1", "A1R", 3.1)
    with connect(world.dsn) as conn, conn.transaction():
        from include.flows.sales import book_sales

        book_sales(conn, world.new_run("restock_sync", 3.2), "m")
    world.seen[1]["quantity"] = 1

    world.reconcile(3.5)

    assert differences(world) == [("A1R", "published_more", 1, 2, 1, 9_250, at(3.5))]
    world.restock(4)
    world.reconcile(4.1)
    assert [row for row in differences(world) if row[1] != "not_fetched"] == []


def test_the_gate_holds_a_count_that_the_units_contradict(world: RestockWorld) -> None:
    from include.flows import restock_reconcile_daily
    from include.quality.gate import judge
    from include.quality.suites.restock_reconcile_daily import SUITE

    run = world.new_run("restock_reconcile_daily", 4)
    restock_reconcile_daily.stage(world.dsn, run, world.url, "stage")
    with connect(world.dsn) as conn:
        conn.execute("update mart.stage_offer_sync set returned_qty = 3, desired_qty = 3 where offer_sku = 'A1R'")
    judge(world.dsn, run, SUITE)
    assert world.status(run) == "held"
