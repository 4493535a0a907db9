"""Steps of the desk that were put aside, judged again by today's rules and roles, in the name of who did them."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from include.db.connection import connect
from include.flows import warehouse_receipts_reconcile
from include.flows.quarantine import replay
from include.flows.run import Run
from include.flows.warehouse_events import Sources
from tests.db.desk_world import INSPECTED, INSPECTOR, NOW, DeskWorld, new_id

SOURCE = "wms/desk-w1"
NEW_PLACE = {**INSPECTED, "zone": "rack 7"}
runs = itertools.count(1)


@pytest.fixture
def world(new_warehouse: Callable[[], str]) -> DeskWorld:
    here = DeskWorld(new_warehouse())
    here.set_up()
    with connect(here.dsn) as conn:
        conn.execute(
            "insert into ops.staff_role (user_name, merchant_id, role, granted_by, granted_at) "
            "values ('ivan', '*', 'inspector', 'test', %s)",
            (NOW,),
        )
    return here


def judge_again(world: DeskWorld) -> tuple[int, int]:
    """Press the button and let a run come: how many were asked for, and how many came in."""
    world.later(minutes=1)
    run = Run("warehouse_receipts_reconcile", f"run {next(runs)}", world.now)
    with connect(world.dsn) as conn:
        asked = replay(conn, "tech", SOURCE, actor="aliya", now=world.now)
        conn.execute(
            "insert into ops.run (dag_id, run_id, now_at) values (%s, %s, %s)", (run.dag_id, run.run_id, run.now)
        )
    return asked, warehouse_receipts_reconcile.collect(world.dsn, run, Sources({}, world.sealer), "owner")


def build_the_rack(world: DeskWorld) -> None:
    with connect(world.dsn) as conn:
        conn.execute("insert into core.zone (warehouse, zone, purpose) values ('W1', 'rack 7', 'resellable')")


def aside(world: DeskWorld) -> list[tuple[str, str]]:
    rows = world.query("select reason, status from ops.quarantine order by id")
    return [(row["reason"], row["status"]) for row in rows]


def looks(world: DeskWorld) -> list[dict[str, Any]]:
    return world.query("select actor, payload from ledger.unit_event where type = 'inspected'")


def test_a_step_is_booked_in_the_name_of_who_did_it_once_the_place_is_there(world: DeskWorld) -> None:
    label = world.received()
    refused = world.one(INSPECTOR, unit_label=label, note="царапина у Айгүл", **NEW_PLACE)
    assert refused["reason_code"] == "unknown_zone"
    assert "Айгүл" not in str(world.query("select payload from ops.quarantine"))
    assert judge_again(world) == (1, 0)
    assert [status for _, status in aside(world)] == ["open"] and looks(world) == []
    build_the_rack(world)
    assert judge_again(world) == (1, 1)
    assert [status for _, status in aside(world)] == ["resolved"]
    (look,) = looks(world)
    assert look["actor"] == "ivan" and look["payload"]["note"] == "царапина у Айгүл"
    assert judge_again(world) == (0, 0)
    assert world.query("select 1 from core.contact") == [] and len(looks(world)) == 1


def test_whoever_lost_his_role_did_nothing_that_counts(world: DeskWorld) -> None:
    world.one(INSPECTOR, unit_label=world.received(), **NEW_PLACE)
    build_the_rack(world)
    with connect(world.dsn) as conn:
        conn.execute("delete from ops.staff_role")
    assert judge_again(world) == (1, 0)
    ((reason, status),) = aside(world)
    assert status == "open" and "ivan has no role" in reason
    assert looks(world) == []


def test_a_step_that_was_sent_again_meanwhile_counts_once(world: DeskWorld) -> None:
    event = {"event_id": new_id(), "unit_label": world.received()}
    world.record(INSPECTOR, {**event, **NEW_PLACE})
    build_the_rack(world)
    world.record(INSPECTOR, {**event, **INSPECTED})
    assert judge_again(world) == (1, 1)
    assert [status for _, status in aside(world)] == ["resolved"]
    assert [look["payload"]["zone"] for look in looks(world)] == ["resellable"]


def test_what_the_law_of_a_unit_refuses_is_the_ledgers_record_from_then_on(world: DeskWorld) -> None:
    label = world.inspected()
    world.one(INSPECTOR, type="qc", unit_label=label, passed=True, zone="rack 7")  # by whom it was inspected
    build_the_rack(world)
    assert judge_again(world) == (1, 1)
    rows = world.query("select source, status from ops.quarantine order by id")
    assert [(row["source"], row["status"]) for row in rows] == [(SOURCE, "resolved"), ("ledger/wms/desk-w1", "open")]
    assert world.query("select state from ledger.unit") == [{"state": "inspected"}]


def test_goods_with_signs_of_use_stay_off_kaspi_however_often_it_is_tried(world: DeskWorld) -> None:
    world.one(INSPECTOR, unit_label=world.received(), **{**INSPECTED, "signs_of_use": True})
    (before,) = aside(world)
    assert judge_again(world) == (1, 0)
    assert aside(world) == [before] and looks(world) == []
