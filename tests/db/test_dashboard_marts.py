"""The dashboard's sums: what was added piece by piece is what counting anew gives, and what mart.unit says."""

import datetime as dt
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from include.db.connection import connect
from include.domain import identity, speed
from include.domain.unit_life import Event
from include.flows import costs, dashboard
from include.flows.dashboard import SUMS
from include.flows.onboarding import Store, add_merchant
from tests.fingerprint import fingerprint
from tests.flow_driver import World, feed_server, sandbox

TABLES = tuple(f"mart.{name}" for name in (*SUMS, "unit_place", "unit_in_question"))


def sums_of(dsn: str) -> dict[str, str]:
    found = fingerprint(dsn, schemas=("mart",))
    return {name: found[name] for name in TABLES}


def rebuild(world: World) -> None:
    for merchant in world.about["merchants"]:
        dashboard.rebuild(world.dsn, world.clock.now(), "test", merchant["id"])


def look(world: World) -> int:
    run = world.new_run("warehouse_receipts_reconcile")
    return dashboard.refresh(world.dsn, run, f"{run.run_id}/dashboard")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, new_warehouse: Callable[[], str]) -> Iterator[World]:
    """A sandbox at the end of its two days; the sums were brought up to date again and again on the way."""
    with sandbox(tmp_path_factory.mktemp("sandbox"), new_warehouse()) as here, feed_server(here):
        here.past()
        look(here)
        here.receipts()
        look(here)
        here.restock()
        for moment in here.about["ticks"]:
            here.tick(moment)
            look(here)
        yield here


def test_what_was_added_up_is_what_counting_anew_gives(world: World) -> None:
    added = sums_of(world.dsn)
    assert all(not mark.startswith("0:") for mark in added.values()), added
    rebuild(world)
    assert sums_of(world.dsn) == added


def test_a_second_look_and_looks_at_once_change_nothing(world: World) -> None:
    before = sums_of(world.dsn)
    look(world)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: look(world), range(3)))
    assert sums_of(world.dsn) == before


def test_a_look_counts_only_what_happened_since(world: World) -> None:
    look(world)
    assert look(world) == 0
    with connect(world.dsn) as conn:
        conn.execute(
            "insert into ops.dashboard_touched (merchant_id, kind, key) "
            "select merchant_id, 'unit', unit_id::text from ledger.unit order by unit_id limit 2"
        )
    assert look(world) == 2, "units that are looked at and stay as they were"


def test_an_event_recorded_by_an_old_clock_reaches_the_sums(world: World) -> None:
    """A run keeps its clock: cleared on another day it still records by the day it was first made."""
    look(world)
    before, then = sums_of(world.dsn), world.clock.now() - dt.timedelta(days=3)
    unit = world.query("select * from ledger.unit where state = 'requested' order by unit_id limit 1")[0]
    merchant_id, unit_id = unit["merchant_id"], unit["unit_id"]
    told = identity.event_id("lost", unit_id, unit["seq"])
    event = Event(told, unit_id, merchant_id, "lost", then, "clock", "test", {})
    with connect(world.dsn) as conn:
        assert costs.append(conn, merchant_id, [event], then).accepted == {told: unit["seq"] + 1}
    assert look(world) == 1
    added = sums_of(world.dsn)
    rebuild(world)
    assert sums_of(world.dsn) == added != before


CHANGES = (
    "update core.product set category = 'Другое' where sku in (select sku from core.product order by sku limit 3)",
    "update core.product set supplier = 'unknown' where sku in (select sku from core.product order by sku limit 3)",
    "update core.customer_order set delivery_cost_seller = coalesce(delivery_cost_seller, 0) + 7 "
    "where order_id in (select order_id from ledger.unit where order_id is not null order by unit_id limit 9)",
    "update core.order_line set base_price = base_price + 11, total_price = total_price + 11 "
    "where entry_id in (select entry_id from ledger.unit where entry_id is not null order by unit_id limit 9)",
    "update core.return_case set stated_reason = 'does_not_fit' "
    "where case_id in (select case_id from ledger.unit where case_id is not null order by unit_id limit 9)",
    "update core.store set warehouse = 'elsewhere' "
    "where (merchant_id, store_id) in (select merchant_id, store_id from ledger.unit where closed_at > received_at "
    "order by unit_id limit 1)",
    """
    insert into core.rate_card (version, merchant_id, warehouse, term, per, code, valid_from, amount)
    select max(version), '*', 'elsewhere', 'storage', 'day', '', '2026-01-01', 3 from core.rate_version
    """,
    "update ledger.unit set store_id = 'opened later' where unit_id in (select unit_id from ledger.unit "
    "where received_at is not null and closed_at is null order by unit_id limit 9)",
    "insert into core.store (merchant_id, store_id, warehouse, base_includes_returns, pick_scan) "
    "select distinct merchant_id, store_id, 'a third', false, false from ledger.unit where store_id = 'opened later'",
    # pieces come into question, count as another supplier's goods, and some are settled
    "insert into core.discrepancy (discrepancy_id, merchant_id, unit_id, kind, subject, opened_at, owner, status) "
    "select unit_id, merchant_id, unit_id, 'lost', 'o', now(), 'carrier', 'open' from ledger.unit as unit where not "
    "exists (select 1 from mart.unit_in_question as known where known.unit_id = unit.unit_id) order by unit_id limit 5",
    "update core.product as product set supplier = 'Another' from ledger.unit, mart.unit_in_question as known where "
    "unit.unit_id = known.unit_id and (product.merchant_id, product.sku) = (unit.merchant_id, unit.sku)",
    "update core.discrepancy set status = 'resolved', resolved_at = now() where kind = 'lost' and status = 'open'",
)


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_without_an_event_reaches_the_sums(world: World, change: str) -> None:
    look(world)
    before = sums_of(world.dsn)
    with connect(world.dsn) as conn:
        assert conn.execute(change.encode()).rowcount > 0
    look(world)
    added = sums_of(world.dsn)
    rebuild(world)
    assert sums_of(world.dsn) == added
    assert added != before, "the change was to change something"


def test_what_is_in_question_is_what_is_open(world: World) -> None:
    look(world)
    told = world.query("select unit_id, merchant_id, category, supplier from mart.unit_in_question order by unit_id")
    assert len({row["merchant_id"] for row in told}) > 1
    assert told == world.query(
        "select unit_id, merchant_id, category, supplier from mart.unit_place where unit_id in ("
        "select unit_id from mart.discrepancy where status = 'open' union select unit_id from mart.claim "
        "where status in ('draft', 'ready', 'sent', 'accepted')) order by unit_id"
    )


def test_a_claim_that_is_paid_reaches_the_sums(world: World) -> None:
    look(world)
    goods = "category is null and supplier is null"
    paid = f"select sum(compensation)::bigint as paid from mart.received_weekly where {goods}"
    before = world.query(paid)[0]["paid"]
    with connect(world.dsn) as conn:
        changed = conn.execute(
            "update core.claim set paid_amount = coalesce(paid_amount, 0) + 777 "
            "where claim_id = (select min(claim_id::text)::uuid from core.claim)"
        ).rowcount
    assert changed == 1
    look(world)
    assert world.query(paid) == [{"paid": before + 777}]


TERMS = (
    "forward_delivery", "collection", "receiving", "inspection", "repair", "parts", "packaging", "channel_fee",
    "write_off",
)  # fmt: skip
OF_UNIT = f"""
select
    merchant_id, category, supplier,
    date_trunc('week', received_at at time zone 'Asia/Almaty')::date as week_start,
    count(*) as units,
    sum(coalesce(original_price, 0))::bigint as value,
    count(on_sale_at) as put_back,
    count(*) filter (where on_sale_at is not null and channel = 'resale') as put_back_resale,
    count(*) filter (where state = 'resold') as resold,
    count(*) filter (where state = 'resold' and channel = 'main') as resold_main,
    sum(case when state = 'resold' then resale_price else 0 end)::bigint as proceeds,
    count(*) filter (where closed_at is null) as still_here,
    sum(compensation)::bigint as compensation,
    sum(case when closed_at is not null then coalesce(cost_storage, 0) else 0 end)::bigint as storage,
    {", ".join(f"coalesce(sum(cost_{term}), 0)::bigint as {term}" for term in TERMS)},
    {", ".join(f"count(*) filter (where cost_{term} is null) as no_{term}" for term in TERMS)}
from mart.unit
where received_at is not null
group by 1, 2, 3, 4
"""


def key(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["merchant_id"], row["category"], row["supplier"], row["week_start"]


def test_received_units_and_their_costs_are_what_mart_unit_says(world: World) -> None:
    look(world)
    expected = {key(row): row for row in world.query(OF_UNIT)}
    found = {
        key(row): row
        for row in world.query("select * from mart.received_weekly where category is not null and supplier is not null")
    }
    assert len(expected) > 20
    assert {name: {column: row[column] for column in expected[name]} for name, row in found.items()} == expected


ROLLED = """
select count(*) as wrong
from (
    select merchant_id, {keys}, sum(units) as units from {table}
    where category is not null and supplier is not null group by merchant_id, {keys}
) as cells
full join (select * from {table} where category is null and supplier is null) as every
    using (merchant_id, {keys})
where cells.units is distinct from every.units
"""


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        ("mart.flow_weekly", "week_start, step, way"),
        ("mart.waiting", "state, zone, since_day"),
        ("mart.stored", "warehouse, came_on"),
        ("mart.speed_weekly", "week_start, measure, outcome, bucket"),
        ("mart.received_cause_weekly", "week_start, stated_reason, cause"),
        ("mart.received_weekly", "week_start"),
    ],
)
def test_all_goods_are_the_sum_of_their_cells(world: World, table: str, keys: str) -> None:
    assert world.query(ROLLED.format(table=table, keys=keys)) == [{"wrong": 0}]


def test_steps_are_counted_from_the_units(world: World) -> None:
    look(world)
    counted = world.query(
        "select step, way, core.week_of(at) as week_start, count(*) as units, sum(value)::bigint as value "
        "from mart.unit_step where at is not null group by 1, 2, 3 order by 1, 2, 3"
    )
    kept = world.query(
        "select step, way, week_start, sum(units)::bigint as units, sum(value)::bigint as value from mart.flow_weekly "
        "where category is null and supplier is null group by 1, 2, 3 order by 1, 2, 3"
    )
    assert kept == counted and len(kept) > 20
    requested = world.query("select count(*) as n from ledger.unit where requested_at is not null")
    assert sum(row["units"] for row in kept if row["step"] == "requested") == requested[0]["n"]


def test_what_waits_is_what_the_ledger_has_open_since_it_came_there(world: World) -> None:
    look(world)
    open_units = world.query(
        """
        select state, core.day_of(moved.at) as since_day, count(*) as units
        from ledger.unit
        cross join lateral (
            select max(event.occurred_at) as at from ledger.effective_event as event
            where event.unit_id = unit.unit_id and event.state_to = unit.state
                and event.state_from is distinct from event.state_to
        ) as moved
        where closed_at is null group by 1, 2 order by 1, 2
        """
    )
    kept = world.query(
        "select state, since_day, sum(units)::bigint as units from mart.waiting "
        "where category is null and supplier is null group by 1, 2 order by 1, 2"
    )
    assert kept == open_units and len(kept) > 10


def test_storage_of_what_is_here_follows_from_the_days_it_came(world: World) -> None:
    look(world)
    expected = world.query(
        "select merchant_id, sum(cost_storage)::bigint as storage from mart.unit "
        "where received_at is not null and closed_at is null group by 1 having sum(cost_storage) > 0 order by 1"
    )
    found = world.query(
        """
        select stored.merchant_id, sum(
            stored.units * core.storage_cost(stored.came_on, known_day.day, tariff.days, tariff.amounts)
        )::bigint as storage
        from mart.stored
        cross join core.known_day
        left join core.storage_tariff as tariff using (merchant_id, warehouse)
        where category is null and supplier is null
        group by 1 having sum(stored.units) > 0 order by 1
        """
    )
    assert [row for row in found if row["storage"]] == expected and expected


def test_the_merchants_own_outlet_competes_with_being_on_sale_on_kaspi(world: World) -> None:
    look(world)
    expected = world.query(
        """
        select
            case
                when channel = 'off_kaspi' and coalesce(on_sale_at, closed_at) is not null then 'ended'
                when on_sale_at is not null then 'reached'
                when closed_at is not null then 'ended'
                else 'open'
            end as outcome,
            count(*) as units
        from mart.unit where received_at is not null group by 1 order by 1
        """
    )
    found = world.query(
        "select outcome, sum(units)::bigint as units from mart.speed_weekly "
        "where measure = 'sellable' and category is null and supplier is null group by 1 order by 1"
    )
    assert found == expected and len(expected) == 3
    outlet = world.query("select count(*) as n from mart.unit where channel = 'off_kaspi' and on_sale_at is not null")
    assert outlet[0]["n"] > 0


def test_the_spans_are_those_of_the_page(warehouse: Any) -> None:
    for hours in (0, 3.99, 4, 7.5, 8, 24, 47.9, 72, 719.9, 720, 9000):
        took = dt.timedelta(hours=hours)
        row = warehouse.execute("select core.speed_bucket(%s) as bucket", (took,)).fetchone()
        assert row == {"bucket": speed.bucket(hours)}


def test_a_rebuild_is_fenced_like_a_look(new_warehouse: Callable[[], str]) -> None:
    """Who was overtaken writes nothing."""
    dsn, now = new_warehouse(), dt.datetime(2026, 11, 16, tzinfo=dt.UTC)
    with connect(dsn) as conn:
        add_merchant(conn, "m", name="M", stores=[Store("PP1", "W1", base_includes_returns=False)])
    with connect(dsn) as conn, dashboard.hold(conn, "dashboard:m", "one#1") as lease:
        with connect(dsn) as other:
            other.execute("update ops.lease set epoch = epoch + 1 where scope = 'dashboard:m'")
        with pytest.raises(Exception, match="overtaken"):
            dashboard._count(lease, "m", now, everything=True)
    with connect(dsn) as conn:
        assert conn.execute("select count(*) as n from ops.dashboard_look").fetchone() == {"n": 0}


def test_goods_sold_under_a_resale_sku_that_come_back_are_of_their_product(world: World) -> None:
    look(world)
    with connect(world.dsn) as conn:
        row = conn.execute(
            "select place.unit_id, place.merchant_id, place.sku, place.category, place.supplier, "
            "coalesce((select offer_sku from channel.resale_sku as resale where resale.merchant_id = place.merchant_id "
            "and resale.sku = place.sku), 'R9Z') as offer_sku from mart.unit_place as place "
            "where category <> 'unknown' and sku is not null order by unit_id limit 1"
        ).fetchone()
        assert row is not None
        conn.execute(
            "insert into channel.resale_sku (merchant_id, offer_sku, sku, state, state_since) "
            "values (%(merchant_id)s, %(offer_sku)s, %(sku)s, 'linked', now()) on conflict do nothing",
            row,
        )
        conn.execute("update ledger.unit set sku = %(offer_sku)s where unit_id = %(unit_id)s", row)
        conn.execute("insert into ops.dashboard_touched values (%(merchant_id)s, 'unit', %(unit_id)s)", row)
    look(world)
    goods = {name: row[name] for name in ("sku", "category", "supplier")}
    for relation in ("mart.unit_place", "mart.unit"):
        found = world.query(f"select sku, category, supplier from {relation} where unit_id = '{row['unit_id']}'")
        assert found == [goods], relation
    with connect(world.dsn) as conn:
        conn.execute("update ledger.unit set sku = %(sku)s where unit_id = %(unit_id)s", row)
