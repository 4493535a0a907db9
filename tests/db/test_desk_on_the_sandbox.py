"""The sandbox's warehouses once more: one works at our desk, the other one by its own system; the truth is the same."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any

import pytest

from include.db.connection import connect
from include.domain.staff import NEEDED, ROLES
from include.flows import desk, staff
from include.flows.onboarding import add_source
from include.wms.sources import HttpFeed
from tests.db.desk_world import DESK_IS_BELIEVED
from tests.db.truths import CASES, COUNTS, ORDERS, check_against_the_truth
from tests.fingerprint import fingerprint
from tests.flow_driver import World, sandbox

AT_ONCE = 100
FINDINGS = """
select
    merchant_id,
    count(*) filter (where outcome = 'duplicate_scan') as duplicate_scans,
    count(*) filter (where type = 'missing_from_parcel' and outcome = 'finding') as missing_from_parcel
from core.warehouse_event
group by merchant_id
"""


def feed(world: World) -> list[dict[str, Any]]:
    """Everything that the feed of W1 has delivered, repeated deliveries included, in its order."""
    source = world.sources().by_name["w1"]
    assert isinstance(source, HttpFeed)
    return [source.event(body) for portion in source.portions({}) for body in portion.bodies]


def hire(world: World, events: Iterable[dict[str, Any]]) -> None:
    """Give everybody of the warehouse the role that his work needs."""
    needed: dict[str, int] = {}
    for event in events:
        needed[event["actor"]] = max(needed.get(event["actor"], 0), ROLES.index(NEEDED[event["type"]]))
    with connect(world.dsn) as conn:
        for name, level in needed.items():
            staff.grant(conn, name, "*", ROLES[level], actor="test", now=world.clock.now())


def work(world: World, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Everybody enters at the desk what he did, as the feed tells it."""
    answers = []
    now = world.clock.now()
    for name, done in groupby(events, key=lambda event: event["actor"]):
        with connect(world.dsn) as conn:
            person = desk.staff_of(conn, name)
        mine = list(done)
        for start in range(0, len(mine), AT_ONCE):
            with connect(world.dsn) as conn:
                answers += desk.record(conn, person, mine[start : start + AT_ONCE], now, "W1")
    return answers


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, new_warehouse: Callable[[], str]) -> Iterator[World]:
    """A sandbox whose past came in through the desk in W1 and through dropped files in W2."""
    with sandbox(tmp_path_factory.mktemp("sandbox"), new_warehouse()) as here:
        with connect(here.dsn) as conn:
            add_source(conn, "desk-w1", kind="desk", system_of_record=DESK_IS_BELIEVED)
        here.past()
        events = feed(here)
        hire(here, events)
        answers = work(here, events)
        outcomes = {one["outcome"] for one in answers}
        assert outcomes <= {"booked", "repeated", "duplicate_scan", "finding", "waiting", "compared"}, [
            one for one in answers if one["outcome"] == "rejected"
        ][:3]
        assert {one["type"] for one in answers if one["outcome"] == "compared"} <= {"stock_counted"}
        here.receipts()
        yield here


@pytest.mark.parametrize("statement", [COUNTS, ORDERS, CASES, FINDINGS], ids=["units", "orders", "cases", "findings"])
def test_the_past_is_the_truths_exactly(world: World, statement: str) -> None:
    check_against_the_truth(world, statement)


def test_every_unit_of_the_desk_has_the_truths_life(world: World) -> None:
    truth = {
        one["unit_label"]: (one["merchant_id"], one["order_code"], one["finding"], one["grade"], _utc(one["qc_at"]))
        for one in world.truth()["world"]["units"]
        if one["received_at"] and one["unit_label"].startswith("W1-")
    }
    rows = world.query(
        "select u.unit_label, u.merchant_id, o.code, u.finding, u.grade, u.qc_at from ledger.unit as u "
        "left join core.customer_order as o using (merchant_id, order_id) where u.source = 'desk-w1'"
    )
    ours = {
        row["unit_label"]: (row["merchant_id"], row["code"], row["finding"], row["grade"], row["qc_at"]) for row in rows
    }
    assert ours.keys() == truth.keys()
    assert {label: one for label, one in ours.items() if one != truth[label]} == {}


def _utc(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC) if text else None


def test_everybody_is_in_the_ledger_by_his_own_name_and_nobody_checked_his_own_work(world: World) -> None:
    assert world.query("select count(*) as n from ledger.unit where source = 'w1'") == [{"n": 0}]
    own = world.query(
        "select count(*) as n from ledger.unit_event as qc join ledger.unit_event as done using (unit_id) "
        "where qc.type in ('qc_passed', 'qc_failed') and done.type in ('inspected', 'repacked', 'repaired') "
        "and done.seq < qc.seq and done.actor = qc.actor"
    )
    assert own == [{"n": 0}]
    actors = world.query("select distinct actor from ledger.unit_event where source = 'wms/desk-w1'")
    assert {row["actor"] for row in actors} >= {"w1-dock-1", "w1-insp-1", "w1-qc-1", "w1-lead-1"}


def test_the_feed_of_the_same_warehouse_is_compared_to_the_last_event_and_says_the_same(world: World) -> None:
    told = world.query("select distinct outcome from core.warehouse_event where source = 'w1'")
    assert told == [{"outcome": "compared"}]
    compared = world.query("select count(*) as n from core.compared_step where record_event_id is not null")
    assert compared[0]["n"] > 500
    open_kinds = world.query(
        "select kind, subject, unit_id from core.discrepancy where status = 'open' "
        "and kind in ('record_lacks', 'other_lacks', 'other_finding', 'other_time')"
    )
    assert open_kinds == []


def test_all_of_it_once_more_changes_no_row(world: World) -> None:
    before = fingerprint(world.dsn)
    again = work(world, feed(world)[:200])
    assert {one["outcome"] for one in again} == {"repeated"}
    world.receipts()
    assert fingerprint(world.dsn) == before
