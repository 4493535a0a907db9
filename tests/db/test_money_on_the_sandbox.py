"""The sandbox's half year: what it costs and what can be claimed, against what its own truth says."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from include.db.connection import connect
from include.flows import claims, costs, rate_card, return_causes_weekly
from include.quality.suites.return_causes_weekly import SUITE
from tests.claim_world import picture
from tests.fingerprint import fingerprint
from tests.flow_driver import World, sandbox

OURS = """
select
    unit.unit_label,
    claim.tier as percent,
    claim.amount as tenge,
    claim.due_at as until,
    claim.status,
    claim.lost_because
from core.claim
inner join ledger.unit on claim.unit_id = unit.unit_id
"""


TERMS = """
select
    unit_id, cost_collection, cost_receiving, cost_inspection, cost_repair, cost_parts, cost_packaging, cost_storage,
    cost_channel_fee, cost_write_off
from mart.unit
order by unit_id
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, new_warehouse: Callable[[], str]) -> Iterator[World]:
    with sandbox(tmp_path_factory.mktemp("sandbox"), new_warehouse()) as here:
        here.past()
        here.receipts()
        yield here


def truth(world: World) -> dict[str, dict[str, Any]]:
    """Return what could be claimed, by label, as the world tells it."""
    units = world.truth()["world"]["units"]
    return {one["unit_label"]: one["claim"] for one in units if one["claim"]}


def test_exactly_what_the_carrier_damaged_is_claimed(world: World) -> None:
    claimable = truth(world)
    found = {row["unit_label"]: row for row in world.query(OURS)}
    assert len(claimable) > 20
    assert {one["percent"] for one in claimable.values()} >= {10, 30, 100}
    assert found.keys() == claimable.keys()
    for label, told in claimable.items():
        row = found[label]
        assert row["percent"] == told["percent"], label
        assert row["until"] == dt.datetime.fromisoformat(told["until"]), label
        if row["tenge"] is not None:  # a price nobody knows is none
            assert row["tenge"] == told["tenge"], label
    assert sum(row["tenge"] is not None for row in found.values()) > len(found) // 2


def test_what_was_over_before_we_came_woke_nobody_and_what_is_open_can_be_sent(world: World) -> None:
    now = world.clock.now()
    rows = world.query(OURS)
    assert {row["status"] for row in rows if row["until"] <= now} == {"expired"}
    assert {row["lost_because"] for row in rows if row["until"] <= now} == {"known_too_late"}
    open_ones = [row for row in rows if row["until"] > now]
    assert open_ones and {row["status"] for row in open_ones} == {"draft"}, "nobody has taken photos yet"
    assert world.query("select * from ops.alert where kind = 'claim_lost'") == []
    label = open_ones[0]["unit_label"]
    with connect(world.dsn) as conn:
        row = conn.execute("select unit_id, merchant_id from ledger.unit where unit_label = %s", (label,)).fetchone()
        assert row is not None
        conn.execute(
            "insert into core.photo (photo_id, unit_id, merchant_id, jpeg, sha256, width, height, taken_at, actor) "
            "values (gen_random_uuid(), %s, %s, %s, '', 640, 480, %s, 'w1-insp-1')",
            (row["unit_id"], row["merchant_id"], picture(), now),
        )
        claims.refresh_merchant(conn, row["merchant_id"], now)
        found = claims.claim_of(conn, row["unit_id"])["claim"]
        conn.rollback()
    assert found is not None
    missing = {"draft": ["inspection"], "ready": []}
    assert found["missing"] == missing[found["status"]]


def test_every_step_of_half_a_year_has_its_cost_and_the_columns_add_up(world: World) -> None:
    assert world.night() > 0, "the night's checks are part of it"
    failed = world.query("select check_name, severity, sample from ops.dq_result where not success")
    assert [row for row in failed if row["severity"] != "warning"] == []
    units = world.query("select * from mart.unit where received_at is not null")
    assert len(units) > 300
    known = [row for row in units if row["reverse_cost"] is not None]
    assert len(known) > len(units) * 0.8
    for row in known:
        terms = [row[name] for name in row if name.startswith("cost_")]
        assert len(terms) == 10 and sum(terms) - row["compensation"] == row["reverse_cost"]


def test_what_each_unit_cost_is_what_its_events_say_by_the_worlds_own_list(world: World) -> None:
    """Counted from the warehouse's raw events and the list's text, without the pipeline's rules."""
    price = {
        tuple(line.split(",")[i] for i in (1, 2, 3, 4)): line.split(",")[5]
        for line in world.about["rate_card"].splitlines()[1:22]
        if ",day," not in line
    }
    once = {("*", term, "event", code): int(amount) for (_, term, per, code), amount in price.items() if per == "event"}
    events = world.query("select type, payload, unit_id from core.warehouse_event where outcome = 'booked'")
    inspection: dict[Any, int] = {}
    packaging: dict[Any, int] = {}
    words = {"коробка": 210, "плёнка": 35, "этикетка": 15}
    for one in events:
        unit_id = one["unit_id"]
        if one["type"] in ("inspected", "qc"):
            code = "qc" if one["type"] == "qc" else ""
            inspection[unit_id] = inspection.get(unit_id, 0) + once["*", "inspection", "event", code]
        if one["type"] == "repacked":
            told = sum(words[word] for word in one["payload"]["materials"].split(", "))
            packaging[unit_id] = packaging.get(unit_id, 0) + 80 + 25 * one["payload"]["minutes"] + told
    rows = world.query("select unit_id, cost_inspection, cost_packaging from mart.unit")
    assert {row["unit_id"]: row["cost_inspection"] for row in rows if row["cost_inspection"]} == inspection
    assert {row["unit_id"]: row["cost_packaging"] for row in rows if row["cost_packaging"]} == packaging


def test_the_weekly_numbers_are_those_of_the_units(world: World) -> None:
    """Each week's cost, recovery and claims, counted again unit by unit; the gate lets a loss pass."""
    run = world.new_run("return_causes_weekly")
    return_causes_weekly.stage(world.dsn, run, "test/stage")
    world.gate(run, SUITE)
    return_causes_weekly.publish(world.dsn, run, "test/publish")
    assert {
        row["status"] for row in world.query("select status from ops.batch where dag_id = 'return_causes_weekly'")
    } == {"published"}
    units: dict[dt.date, list[dict[str, Any]]] = defaultdict(list)
    for row in world.query(
        "select unit.*, claim.amount, claim.status, claim.lost_because, claim.claim_id, "
        "date_trunc('week', unit.received_at at time zone 'Asia/Almaty')::date as week "
        "from mart.unit as unit left join core.claim using (unit_id) where unit.received_at is not null"
    ):
        units[row["week"]].append(row)
    shown: dict[dt.date, dict[str, Any]] = defaultdict(dict)
    for row in world.query("select * from mart.kpi_current where merchant_id is null and category is null"):
        shown[row["week_start"]][row["kpi"]] = row["value"]
    weeks = [week for week in shown if "net_recovery" in shown[week]]
    assert len(weeks) > 8
    for week in weeks:
        costs_ = [row["reverse_cost"] for row in units[week] if row["reverse_cost"] is not None]
        won = [row["net_recovery"] for row in units[week] if row["net_recovery"] is not None]
        found = [row for row in units[week] if row["claim_id"] and row["status"] != "withdrawn"]
        lost = [row for row in found if row["status"] == "expired" and row["lost_because"] != "known_too_late"]
        assert shown[week]["reverse_logistics_cost"] == (round(sum(costs_) / len(costs_)) if costs_ else None)
        assert shown[week]["net_recovery"] == (round(sum(won) / len(won)) if won else None)
        assert shown[week]["claims"] == sum(row["amount"] or 0 for row in found)
        assert shown[week]["claims_lost"] == sum(row["amount"] or 0 for row in lost)
    assert sum(shown[week]["claims"] for week in weeks) > 0
    assert any((shown[week]["reverse_logistics_cost"] or 0) > 500 for week in weeks), "more than the way out alone"


def test_storage_is_dearer_after_the_list_says_so_and_cheaper_in_the_other_warehouse(world: World) -> None:
    days = world.query(
        """
        select store.warehouse, unit.cost_storage, core.day_of(unit.received_at) as came,
            least(core.day_of(unit.closed_at), (select day from core.known_day)) as gone
        from mart.unit as unit
        inner join core.store using (merchant_id, store_id)
        where unit.received_at is not null
        """
    )
    raised = dt.date.fromisoformat(world.about["rate_card"].splitlines()[17].split(",")[6])
    for row in days:
        stays = [row["came"] + dt.timedelta(days=n) for n in range((row["gone"] - row["came"]).days)]
        assert row["cost_storage"] == sum(24 if row["warehouse"] == "W2" else 30 + 6 * (day >= raised) for day in stays)
    assert {row["warehouse"] for row in days} == {"W1", "W2"}


def test_a_past_that_was_taken_in_without_a_price_list_ends_the_same_once_it_is_there(
    world: World, tmp_path: Path, new_warehouse: Callable[[], str]
) -> None:
    before = world.query(TERMS)
    with sandbox(tmp_path, new_warehouse()) as other:
        with connect(other.dsn) as conn:
            conn.execute("delete from core.rate_version")
        other.past()
        other.receipts()
        unknown = other.query("select count(*) as n from mart.unit where cost_inspection is null")
        assert unknown[0]["n"] > 300
        now = other.clock.now()
        with connect(other.dsn) as conn:
            rate_card.load(conn, "rate_card.csv", other.about["rate_card"].encode(), "onboarding", now)
            for merchant in other.about["merchants"]:
                costs.book_missing(conn, merchant["id"], now)
        assert other.query(TERMS) == before


def test_lived_hours_and_a_second_run_of_everything_change_no_cost_and_no_claim(world: World) -> None:
    world.tick(world.about["ticks"][0])
    world.receipts()  # takes in what restocking has done since the tick's own look at the receipts
    before = fingerprint(world.dsn, schemas=("core",))
    world.receipts()
    with connect(world.dsn) as conn:
        for merchant in world.about["merchants"]:
            assert costs.book_missing(conn, merchant["id"], world.clock.now()) == 0
    assert fingerprint(world.dsn, schemas=("core",)) == before
