"""restock_sync on a real database: on sale once, sold once, never more than there is."""

import threading
from collections.abc import Callable, Iterator
from uuid import UUID

import psycopg
import pytest

from include.db.connection import connect
from include.db.statements import run as run_statement
from include.flows import batch, restock_sync
from include.flows.onboarding import Store, add_merchant
from include.quality.gate import judge
from include.quality.suites.restock_sync import SUITE
from tests.conftest import TestServer
from tests.db.restock_world import Offer, RestockWorld, at


@pytest.fixture
def world(new_warehouse: Callable[[], str]) -> Iterator[RestockWorld]:
    offers = {
        sku: Offer(sku, **facts)
        for sku, facts in {
            "A1": {}, "B1": {"price": 20_000, "count": 0}, "C1": {"count": None}, "D1": {"available": False},
            "E-1 odd": {"price": 999}, **{f"F{n}": {} for n in range(6)},
        }.items()
    }  # fmt: skip
    with RestockWorld(new_warehouse(), offers).served() as made:
        made.onboard()
        yield made


def test_units_go_on_sale_where_the_policy_says(world: RestockWorld) -> None:
    whole = world.unit("U1", "A1", 1)
    repacked = world.unit("U2", "A1", 1, route="resale", grade="B", intact=False)
    used = world.unit("U3", "A1", 1, used=True, grade="C", route="off_kaspi")
    uncounted, off = world.unit("U4", "C1", 1), world.unit("U5", "D1", 1)

    assert world.restock(2) == "published"

    shown = world.shown()
    assert shown["A1"] == (6, 10_000)
    assert shown["A1R"] == (1, 9_250)
    assert shown["C1"] == (None, 10_000)
    assert shown["D1"] == (5, 10_000)
    assert [row["unit"] for row in world.one("select body from channel.off_kaspi_list")] == ["U3"]
    assert world.state(used) == "on_sale"
    assert {world.state(unit) for unit in (whole, repacked, uncounted, off)} == {"restock_pending"}
    waiting = world.query("select unit_id, waiting_reason from channel.addition where waiting_reason is not null")
    assert {row["unit_id"]: row["waiting_reason"] for row in waiting} == {
        uncounted: "the main offer has no stockCount",
        off: "the merchant has switched the main offer off",
    }


def test_three_times_of_a_unit_and_an_unchanged_run(world: RestockWorld) -> None:
    unit = world.unit("U1", "B1", 1)
    world.restock(2)
    world.fetched(2.3)
    world.seen = [{"sku": "B1", "store_id": "PP1", "on_sale": True, "price": 20_000, "quantity": 1}]

    world.restock(3)

    (row,) = world.query("select published_at, fetched_at, observed_at from channel.addition")
    assert tuple(row.values()) == (at(2), at(2.3), at(3))
    assert world.state(unit) == "on_sale"
    assert world.one("select occurred_at from ledger.unit_event where type = 'on_sale'") == at(2.3)
    before = world.business_rows()
    assert world.restock(4) == "published"
    assert world.business_rows() == before
    assert world.one("select count(*) from channel.feed_version") == 1


def test_not_shown_is_not_observed(world: RestockWorld) -> None:
    world.unit("U1", "B1", 1)
    world.restock(2)
    world.seen = [{"sku": "B1", "store_id": "PP1", "on_sale": True, "price": 20_000, "quantity": 1}]
    world.restock(3)  # nobody has fetched the list yet: what the buyer sees is not ours
    world.fetched(3.3)
    world.seen[0]["on_sale"] = False
    world.restock(4)
    world.seen = [{"sku": "B1", "store_id": "PP1", "on_sale": True, "price": 19_000, "quantity": 1}]
    world.restock(5)

    assert world.one("select observed_at from channel.addition") is None


def test_a_cleared_run_and_an_older_run_change_nothing(world: RestockWorld) -> None:
    world.unit("U1", "A1", 1)
    run = world.new_run("restock_sync", 2)
    old = world.new_run("restock_sync", 1.5)
    world.restock(2, run)
    world.unit("U2", "A1", 1)
    before = world.business_rows()

    assert world.restock(2, old) == "published"
    assert world.business_rows() == before
    world.restock(2, run)
    assert world.shown()["A1"] == (6, 10_000)  # a run publishes once; the next one takes the new unit
    world.restock(3)
    assert world.shown()["A1"] == (7, 10_000)


def test_two_runs_at_once_add_once(world: RestockWorld) -> None:
    units = [world.unit(f"U{n}", "A1", 1) for n in range(3)]
    runs = [world.new_run("restock_sync", 2) for _ in range(2)]
    ports = world.ports()

    def both(work: Callable[[int], object]) -> None:
        threads = [threading.Thread(target=work, args=(n,)) for n in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    both(lambda n: restock_sync.stage(world.dsn, runs[n], ports, f"stage-{n}"))
    for run in runs:
        judge(world.dsn, run, SUITE)
    both(lambda n: restock_sync.publish(world.dsn, runs[n], f"publish-{n}"))

    assert world.shown()["A1"] == (5 + len(units), 10_000)
    assert world.one("select count(*) from channel.addition") == len(units)
    assert world.one("select count(*) from ledger.unit_event where type = 'restock_pending'") == len(units)
    assert [world.status(run) for run in runs] == ["published", "published"]


def test_reserved_sold_and_cancelled_under_a_resale_sku(world: RestockWorld) -> None:
    older = world.unit("U1", "A1", 1, route="resale", grade="B")
    newer = world.unit("U2", "A1", 1.5, route="resale", grade="B")
    world.restock(2)
    world.fetched(2.3)
    world.order("o1", "A1R", 2.5)
    world.restock(3)
    assert world.shown()["A1R"] == (1, 9_250)
    first = world.one("select unit_id from channel.sale")
    assert first in (older, newer)

    world.order("o1", "A1R", 2.5, handed_over=3.5)
    world.order("o2", "A1R", 3.4)
    world.restock(4)
    assert world.state(first) == "resold"
    sold = world.query(
        "select attribution, sold_order_id, resale_price, resold_at from ledger.unit where state = 'resold'"
    )
    assert sold == [{"attribution": "fifo", "sold_order_id": "o1", "resale_price": 9_250, "resold_at": at(3.5)}]
    assert "A1R" not in world.shown()

    world.order("o2", "A1R", 3.4, status="CANCELLED")
    world.restock(5)
    assert world.shown()["A1R"] == (1, 9_250)
    states = world.query("select order_id, state from channel.sale order by order_id")
    assert [tuple(row.values()) for row in states] == [("o1", "sold"), ("o2", "freed")]
    before = world.business_rows()
    world.restock(6)
    assert world.business_rows() == before


def test_the_next_unit_of_a_sold_out_offer_is_published_anew(world: RestockWorld) -> None:
    """Kaspi lowered its own count: the same content must reach it again, or the new piece stays invisible."""
    world.unit("U1", "A1", 1, route="resale", grade="B")
    world.restock(2)
    world.fetched(2.3)
    world.order("o1", "A1R", 2.5, handed_over=2.8)
    world.unit("U2", "A1", 2.9, route="resale", grade="B")

    world.restock(3)

    assert world.shown()["A1R"] == (1, 9_250)
    assert world.one("select count(*) from channel.feed_version where status = 'published'") == 2
    assert world.one("select count(distinct sha256) from channel.feed_version") == 1


def test_main_sku_sales_take_the_base_first(world: RestockWorld) -> None:
    world.offers["B1"].count = 1
    unit = world.unit("U1", "B1", 1)
    world.order("early", "B1", 0.5, handed_over=0.9)
    world.restock(2)
    world.order("base", "B1", 2.5, handed_over=2.9)
    world.offers["B1"].count = 1  # the merchant's own list has not followed yet
    world.restock(3)
    assert world.query("select * from channel.sale") == []

    world.order("ours", "B1", 3.5)
    world.restock(4)

    assert world.query("select order_id, unit_id, state from channel.sale") == [
        {"order_id": "ours", "unit_id": unit, "state": "reserved"}
    ]
    assert world.shown()["B1"] == (1, 20_000)


def test_a_pick_scan_names_the_unit(new_warehouse: Callable[[], str]) -> None:
    with RestockWorld(new_warehouse(), {"A1": Offer("A1")}).served() as world:
        world.onboard(pick_scan=True)
        units = [world.unit(f"U{n}", "A1", 1, route="resale", grade="B") for n in range(2)]
        world.restock(2)
        world.fetched(2.3)
        world.order("o1", "A1R", 2.5)
        world.restock(3)
        promised = world.one("select unit_id from channel.sale where state = 'reserved'")
        picked = next(unit for unit in units if unit != promised)
        world.order("o1", "A1R", 2.5, handed_over=3.5)
        sold = {"attribution": "scan", "sold_order_id": "o1", "resale_price": 9_250}
        world.book(world.event(picked, "resold", at(3.4), "picker", **sold))

        world.restock(4)

        rows = world.query("select unit_id, state, attribution, sold_at from channel.sale")
        assert rows == [{"unit_id": picked, "state": "sold", "attribution": "scan", "sold_at": at(3.4)}]
        assert world.state(promised) == "on_sale"
        assert world.shown()["A1R"] == (1, 9_250)
        before = world.business_rows()
        world.restock(5)
        assert world.business_rows() == before


def test_what_a_previous_system_listed_is_carried_on(world: RestockWorld) -> None:
    units = [world.unit(f"U{n}", "A1", -30, route="resale", grade="B") for n in range(2)]
    for unit in units:
        listing = {"channel": "resale", "offer_sku": "A1R", "resale_price": 9_250}
        world.book(
            world.event(unit, "restock_pending", at(-28), **listing),
            world.event(unit, "on_sale", at(-28), proof="observed"),
        )
    world.order("before", "A1R", -29, handed_over=-28.5)
    world.order("sold", "A1R", -20, handed_over=-18)

    world.restock(2)

    additions = world.query("select published_at, fetched_at, observed_at, quantity from channel.addition")
    assert [tuple(row.values()) for row in additions] == [(at(-28), at(-28), at(-28), 1)] * 2
    assert world.query("select order_id, state from channel.sale") == [{"order_id": "sold", "state": "sold"}]
    assert world.one("select resold_at from ledger.unit where state = 'resold'") == at(-18)
    assert world.shown()["A1R"] == (1, 9_250)


def test_a_base_list_that_counts_returns_is_published_as_it_is(new_warehouse: Callable[[], str]) -> None:
    with RestockWorld(new_warehouse(), {"A1": Offer("A1", count=3)}).served() as world:
        world.onboard(includes_returns=True, pick_scan=True)
        main = world.unit("U1", "A1", 1)
        resale = world.unit("U2", "A1", 1, route="resale", grade="B")

        world.restock(2)

        assert world.shown() == {"A1": (3, 10_000)}
        rows = world.query("select unit_id, quantity, published_version, waiting_reason from channel.addition")
        by_unit = {row["unit_id"]: row for row in rows}
        assert (by_unit[main]["quantity"], by_unit[main]["published_version"]) == (0, 1)
        assert (by_unit[resale]["quantity"], by_unit[resale]["published_version"]) == (0, None)
        assert "not in the base list" in by_unit[resale]["waiting_reason"]


@pytest.mark.parametrize("offers", [{}, None])
def test_an_empty_or_unreachable_base_list_leaves_the_last_one_until_it_is_stale(
    world: RestockWorld, offers: dict[str, Offer] | None
) -> None:
    world.restock(2)
    kept = world.shown()
    if offers is None:
        world.broken = True
    else:
        world.offers = offers
    world.unit("U1", "A1", 2.5)

    first = world.restock(3)

    assert first == "published"
    assert world.shown() == {**kept, "A1": (6, 10_000)}

    world.unit("U2", "A1", 26)
    assert world.restock(2 + 25) == "published"
    assert world.shown() == {**kept, "A1": (6, 10_000)}  # too old to raise anything
    waiting = world.query("select waiting_reason from channel.addition where waiting_reason is not null")
    assert "last read at 2026-11-14 05:00 UTC" in waiting[0]["waiting_reason"]
    open_alerts = world.query("select kind from ops.alert where cleared_at is null order by kind")
    assert [row["kind"] for row in open_alerts] == ["price_list_held", "price_list_unfetched"]


def test_an_odd_sku_gets_a_legal_resale_sku_and_worthless_goods_are_refused(world: RestockWorld) -> None:
    world.offers["E-1 odd"].price = 5_000
    world.unit("U1", "E-1 odd", 1, route="resale", grade="B")
    world.offers["F0"].price = 560
    cheap = world.unit("U2", "F0", 1, route="resale", grade="B")

    world.restock(2)

    (ours,) = [sku for sku in world.shown() if sku not in world.offers]
    assert ours.isalnum()
    assert world.shown()[ours] == (1, 4_625)
    assert world.state(cheap) == "qc"
    (refused,) = world.query("select unit_id, subject, status from core.discrepancy where kind = 'restock_refused'")
    assert (refused["unit_id"], refused["status"]) == (cheap, "open")
    assert "recover nothing" in refused["subject"]

    world.offers["F0"].price = 800
    world.restock(3)
    assert world.state(cheap) == "restock_pending"
    assert world.one("select status from core.discrepancy where kind = 'restock_refused'") == "resolved"


def test_a_resale_sku_without_a_card_waits(world: RestockWorld) -> None:
    with connect(world.dsn) as conn:
        conn.execute("update ops.setting set value = 'false' where name = 'resale_sku_auto_link'")
    world.unit("U1", "A1", 1, route="resale", grade="B")

    world.restock(2)
    assert "A1R" not in world.shown()
    assert "pending_card" in world.one("select waiting_reason from channel.addition")

    with connect(world.dsn) as conn:
        conn.execute("update channel.resale_sku set state = 'linked'")
    world.restock(3)
    assert world.shown()["A1R"] == (1, 9_250)
    assert world.one("select waiting_reason from channel.addition") is None


def test_a_new_main_price_moves_the_resale_price(world: RestockWorld) -> None:
    world.unit("U1", "A1", 1, route="resale", grade="B")
    world.restock(2)
    world.offers["A1"].price = 12_000

    world.restock(3)

    assert world.shown()["A1R"] == (1, 11_100)
    assert world.one("select price from channel.addition") == 11_100


@pytest.mark.parametrize(
    ("tamper", "check"),
    [
        (
            "update channel.feed_offer set quantity = quantity + 1 where offer_sku = 'A1'",
            "never_above_base_and_returns",
        ),
        ("delete from channel.feed_offer where offer_sku = 'F1'", "no_base_offer_lost"),
        ("update channel.feed_offer set price = price + 1 where offer_sku = 'F1'", "no_base_offer_lost"),
        ("update channel.feed_offer set price = 8999 where offer_sku = 'A1R'", "resale_price_in_band"),
        ("update channel.feed_offer set price = 9501 where offer_sku = 'A1R'", "resale_price_in_band"),
        ("update channel.resale_sku set state = 'rejected'", "own_sku_linked"),
        ("update channel.feed_version set own_errors = 1", "feed_version__valid"),
        ("update channel.feed_version set offers = 0", "feed_version__not_empty"),
        ("update channel.base_list set last_checked_at = last_checked_at - interval '2 days'", "base_list__fresh"),
        ("update channel.stage_addition set price = 1 where channel = 'off_kaspi'", "off_kaspi_list__price_in_band"),
        ("delete from channel.stage_addition where channel = 'resale'", "units_behind"),
        (
            "alter table ledger.unit drop constraint no_used_goods_on_kaspi; "
            "update ledger.unit set signs_of_use = true where channel = 'resale'",
            "no_used_goods",
        ),
    ],
)
def test_the_gate_holds_back_what_breaks_a_promise(
    world: RestockWorld, postgres_server: TestServer, tamper: str, check: str
) -> None:
    world.unit("U1", "A1", 1)
    world.unit("U2", "A1", 1, route="resale", grade="B")
    world.unit("U3", "A1", 1, used=True, grade="C", route="off_kaspi")
    run = world.new_run("restock_sync", 2)
    restock_sync.stage(world.dsn, run, world.ports(), "stage")
    with connect(postgres_server.as_owner(world.dsn)) as conn:
        conn.execute(tamper.encode())

    judge(world.dsn, run, SUITE)
    restock_sync.publish(world.dsn, run, "publish")

    assert world.status(run) == "held"
    failed = world.query("select check_name from ops.dq_result where not success and severity = 'batch'")
    assert any(check in row["check_name"] for row in failed)
    assert world.one("select count(*) from channel.feed_version where status = 'published'") == 0


def test_a_run_overtaken_between_stage_and_publish_changes_nothing(world: RestockWorld) -> None:
    world.unit("U1", "A1", 1, route="resale", grade="B")
    used = world.unit("U2", "A1", 1, used=True, grade="C", route="off_kaspi")
    world.restock(2)
    world.unit("U3", "A1", 2.1)
    old = world.new_run("restock_sync", 3)
    restock_sync.stage(world.dsn, old, world.ports(), "stage")
    judge(world.dsn, old, SUITE)
    world.book(world.event(used, "resold", at(3.2), "outlet", attribution="scan", resale_price=9_250))
    world.offers["A1"].price = 12_000
    world.restock(4)
    assert world.one("select body from channel.off_kaspi_list") == []
    before = world.business_rows()
    assert world.shown()["A1R"] == (1, 11_100)

    assert restock_sync.publish(world.dsn, old, "publish") == 0

    after = world.business_rows()
    assert {name for name in before if before[name] != after[name]} == {"channel.feed_version"}  # its version is aside
    assert world.query("select status, held_reason from channel.feed_version where run_id = 'run-2'") == [
        {"status": "held", "held_reason": "run run-3 is later and was first"}
    ]
    assert world.status(old) == "published"


def test_of_two_runs_at_one_moment_the_later_one_stands(world: RestockWorld) -> None:
    """The clock of the demonstration stands still between its steps."""
    used = world.unit("U1", "A1", 1, used=True, grade="C", route="off_kaspi")
    first, second = world.new_run("restock_sync", 2), world.new_run("restock_sync", 2)
    restock_sync.stage(world.dsn, first, world.ports(), "stage")
    judge(world.dsn, first, SUITE)
    world.restock(2, second)
    world.book(world.event(used, "resold", at(2), "outlet", attribution="scan", resale_price=9_250))
    world.restock(2)
    before = world.business_rows()["channel.off_kaspi_list"]

    restock_sync.publish(world.dsn, first, "publish")

    assert world.one("select body from channel.off_kaspi_list") == []
    assert world.business_rows()["channel.off_kaspi_list"] == before


def test_what_the_outlet_sold_between_stage_and_publish_is_not_listed(world: RestockWorld) -> None:
    used = [world.unit(f"U{n}", "A1", 1, used=True, grade="C", route="off_kaspi") for n in range(2)]
    world.restock(2)
    run = world.new_run("restock_sync", 3)
    restock_sync.stage(world.dsn, run, world.ports(), "stage")
    world.book(world.event(used[0], "resold", at(3), "outlet", attribution="scan", resale_price=9_250))
    judge(world.dsn, run, SUITE)

    restock_sync.publish(world.dsn, run, "publish")

    assert [row["unit"] for row in world.one("select body from channel.off_kaspi_list")] == ["U1"]


@pytest.mark.parametrize("user_agent", ["Mozilla/5.0 (X11; Linux x86_64)", "UptimeRobot/2.0", "", None])
def test_only_kaspi_proves_that_a_list_was_fetched(world: RestockWorld, user_agent: str | None) -> None:
    unit = world.unit("U1", "B1", 1)
    world.restock(2)
    world.fetched(2.2, user_agent=user_agent)
    world.restock(3)
    assert world.state(unit) == "restock_pending"
    assert world.one("select fetched_at from channel.addition") is None

    world.fetched(3.3, user_agent="feed.KASPI.kz loader")
    world.restock(4)

    assert world.state(unit) == "on_sale"
    assert world.one("select fetched_at from channel.addition") == at(3.3)


def test_who_kaspi_is_can_be_set_and_a_broken_pattern_cannot(world: RestockWorld) -> None:
    unit = world.unit("U1", "B1", 1)
    world.restock(2)
    world.fetched(2.2, user_agent="python-httpx/0.27")
    world.restock(3)
    assert world.state(unit) == "restock_pending"

    setting = "update ops.setting set value = to_jsonb(%s::text) where name = 'feed_puller_user_agent'"
    with connect(world.dsn) as conn:
        with pytest.raises(psycopg.errors.InvalidRegularExpression), conn.transaction():
            conn.execute(setting, ("(httpx",))
        conn.execute(setting, ("^python-httpx/",))
    world.restock(4)

    assert world.one("select fetched_at from channel.addition") == at(2.2)  # the log is kept


def test_without_an_observer_units_go_on_sale_by_the_fetch(world: RestockWorld) -> None:
    unit = world.unit("U1", "B1", 1)
    world.observed = False
    world.restock(2)
    world.fetched(2.3)

    assert world.restock(3) == "published"

    assert world.state(unit) == "on_sale"
    assert world.query("select fetched_at, observed_at from channel.addition") == [
        {"fetched_at": at(2.3), "observed_at": None}
    ]


def test_a_connection_that_breaks_in_one_part_leaves_the_others_done(world: RestockWorld) -> None:
    with connect(world.dsn) as conn:
        add_merchant(conn, "a", name="A", stores=[Store("PP9", "W1", False, False)], feed_token="other")
        conn.commit()
    world.unit("U1", "A1", 1)
    run = world.new_run("restock_sync", 2)
    base = f"{world.url}/base.xml"

    def cut(connection_id: str) -> str:
        """The part of the first merchant loses its connection while its list is fetched."""
        if connection_id == "base_list_a":
            with connect(world.dsn) as other:
                other.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where pid <> pg_backend_pid() and datname = current_database()"
                )
        return base

    with pytest.raises(psycopg.OperationalError):
        restock_sync.stage(world.dsn, run, restock_sync.Ports(cut), "stage#1")
    with connect(world.dsn) as conn:
        assert batch.with_status(conn, run, "staged") == ["m"]
        assert batch.with_status(conn, run, "staging") == ["a"]

    restock_sync.stage(world.dsn, run, world.ports(), "stage#2")  # Airflow tries again
    judge(world.dsn, run, SUITE)
    restock_sync.publish(world.dsn, run, "publish")
    assert world.status(run) == "published"
    assert world.shown()["A1"] == (6, 10_000)


def test_a_line_of_several_pieces_takes_as_many_units_and_frees_them(world: RestockWorld) -> None:
    units = [world.unit(f"U{n}", "A1", 1 + n / 10, route="resale", grade="B") for n in range(3)]
    world.restock(2)
    world.fetched(2.3)
    world.order("o1", "A1R", 2.5, quantity=2)
    world.restock(3)
    assert world.shown()["A1R"] == (1, 9_250)
    assert world.one("select array_agg(distinct state) from channel.sale") == ["reserved"]

    world.order("o1", "A1R", 2.5, quantity=2, status="CANCELLED")
    world.order("o2", "A1R", 3.5, quantity=4, handed_over=3.8)
    world.restock(4)

    assert [world.state(unit) for unit in units] == ["resold"] * 3
    sales = world.query("select order_id, state, count(*) as n from channel.sale group by 1, 2 order by 1")
    assert [tuple(row.values()) for row in sales] == [("o1", "freed", 2), ("o2", "sold", 3)]
    assert "A1R" not in world.shown()


def test_a_main_line_of_several_pieces_takes_the_base_first(world: RestockWorld) -> None:
    world.offers["B1"].count = 1
    units = [world.unit(f"U{n}", "B1", 1) for n in range(3)]
    world.restock(2)
    world.order("o1", "B1", 2.5, quantity=3)
    world.restock(3)

    assert world.one("select count(*) from channel.sale where state = 'reserved'") == 2
    assert world.shown()["B1"] == (2, 20_000)  # the merchant's own list still shows its one

    world.order("o1", "B1", 2.5, quantity=3, status="CANCELLING")
    world.restock(4)
    assert world.shown()["B1"] == (1 + len(units), 20_000)


def sold_by(world: RestockWorld, *order_ids: str) -> list[tuple[object, ...]]:
    with connect(world.dsn) as conn:
        found = run_statement(conn, "channel/sale__of_orders", merchant_id="m", order_ids=list(order_ids))
        return [(row["order_id"], row["entry_id"], row["sku"], row["unit_id"]) for row in found]


def test_which_units_orders_sold_is_known_when_they_come_back(world: RestockWorld) -> None:
    units = [world.unit(f"U{n}", "A1", 1 + n / 10, route="resale", grade="B") for n in range(4)]
    world.restock(2)
    world.fetched(2.3)
    world.order("o1", "A1R", 2.5, quantity=2, handed_over=2.8)
    world.order("o2", "A1R", 2.6)
    world.restock(3)
    scanned = next(unit for unit in units if world.state(unit) == "on_sale" and not reserved(world, unit))
    world.order("o3", "A1R", 3.1, handed_over=3.4)
    world.book(world.event(scanned, "resold", at(3.2), "picker", attribution="scan", sold_order_id="o3"))
    first = [unit for _, _, _, unit in sold_by(world, "o1")]

    assert sold_by(world, "o1", "o2", "o3", "unknown") == [
        *[("o1", "o1#0", "A1R", unit) for unit in first],
        ("o3", "o3#0", "A1R", scanned),  # no sale row names it yet
    ]
    assert sorted(first) == sorted(unit for unit in units if sold_to(world, unit) == "o1")
    assert len(first) == 2

    again = world.unit("U9", "A1R", 6, route="resale", grade="B", previous=first[0])
    assert again not in units
    assert sold_by(world, "o1") == [("o1", "o1#0", "A1R", first[1])]


def test_a_piece_that_was_resold_and_comes_back_goes_on_sale_as_its_main_product(world: RestockWorld) -> None:
    """The second return is a return of the resale SKU, which is in nobody's own list."""
    world.unit("U1", "A1", 1, route="resale", grade="B")
    world.restock(2)
    world.fetched(2.3)
    world.order("o1", "A1R", 2.5, handed_over=2.8)
    world.restock(3)
    assert "A1R" not in world.shown()

    world.unit("U2", "A1R", 6, route="resale", grade="B")
    world.unit("U3", "A1R", 6)
    world.restock(7)

    assert (world.shown()["A1R"], world.shown()["A1"]) == ((1, 9_250), (6, 10_000))
    assert world.one("select count(*) from channel.resale_sku") == 1
    before = world.business_rows()
    world.restock(8)
    assert world.business_rows() == before


def reserved(world: RestockWorld, unit: UUID) -> bool:
    return bool(world.one(f"select count(*) from channel.sale where unit_id = '{unit}' and state = 'reserved'"))


def sold_to(world: RestockWorld, unit: UUID) -> object:
    return world.one(f"select sold_order_id from ledger.unit where unit_id = '{unit}'")
