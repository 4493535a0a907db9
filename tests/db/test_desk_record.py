"""What people do at the desk, booked through the one contract into the one ledger, on a real PostgreSQL."""

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest

from include.db.connection import connect
from include.domain.staff import Staff
from include.flows import desk
from include.locale.desk_labels import REFUSALS
from tests.db.desk_world import (
    CHECKER,
    EANS,
    INSPECTED,
    INSPECTOR,
    ONLY_KIDS,
    OPERATOR,
    SUPERVISOR,
    DeskWorld,
    new_id,
)


@pytest.fixture
def world(new_warehouse: Callable[[], str]) -> DeskWorld:
    here = DeskWorld(new_warehouse())
    here.set_up()
    return here


def test_a_unit_walks_through_the_desk_and_every_step_is_one_event(world: DeskWorld) -> None:
    code = world.order(reason="defective")
    found = world.look_up(OPERATOR, f"{code}-1-R")
    assert (found["kind"], found["next"], found["scan"]) == ("expected", ["received"], {"return_label": f"{code}-1-R"})
    (expected,) = found["expected"]
    assert (expected["sku"], expected["stated_reason"], expected["application"]) == ("AT1", "defective", f"{code}-1")

    came = world.one(OPERATOR, type="received", merchant_id="tech", **found["scan"])
    assert came["outcome"] == "booked" and came["zone"] == "dock"
    assert came["unit"]["order_code"] == code and came["unit"]["stated_reason"] == "defective"
    assert came["return_order_no"] == f"RO-{came['unit_label'].removeprefix('Q')}"
    label = came["unit_label"]

    assert world.look_up(INSPECTOR, label)["next"][0] == "inspected"
    seen = world.one(INSPECTOR, unit_label=label, **{**INSPECTED, "grade": "B", "route": "resale"})
    assert (seen["outcome"], seen["unit"]["state"], seen["zone"]) == ("booked", "inspected", "resellable")
    assert world.look_up(INSPECTOR, label)["next"][0] == "repacked"
    packed = world.one(INSPECTOR, type="repacked", unit_label=label, minutes=6, materials_used=["box_s:1", "film:2"])
    assert packed["unit"]["state"] == "repacked"
    assert world.look_up(INSPECTOR, label)["why_not"]["qc"] == "same_person"
    passed = world.one(CHECKER, type="qc", unit_label=label, passed=True)
    assert (passed["outcome"], passed["unit"]["state"]) == ("booked", "qc")

    events = world.query("select type, actor, payload from ledger.unit_event order by seq")
    assert [(one["type"], one["actor"]) for one in events] == [
        ("requested", "kaspi"), ("received", "olga"), ("inspected", "ivan"), ("repacked", "ivan"),
        ("qc_passed", "chingiz"),
    ]  # fmt: skip
    assert events[3]["payload"]["materials_used"] == ["box_s:1", "film:2"] and events[3]["payload"]["minutes"] == 6
    assert world.query("select count(*) as n from raw.wms_event where source = 'desk-w1'") == [{"n": 4}]


def test_a_repeated_send_is_a_no_op_and_says_so(world: DeskWorld) -> None:
    code = world.order()
    event = {"event_id": new_id(), "type": "received", "merchant_id": "tech", "order_code": code, "sku": "AT1"}
    (first,) = world.record(OPERATOR, event)
    (again,) = world.record(OPERATOR, event)
    assert (first["outcome"], again["outcome"]) == ("booked", "repeated")
    assert (again["unit_label"], again["return_order_no"]) == (first["unit_label"], first["return_order_no"])
    twice = {"event_id": new_id(), **INSPECTED, "unit_label": first["unit_label"]}
    assert [one["outcome"] for one in world.record(INSPECTOR, twice, twice)] == ["booked", "repeated"]


def test_what_was_kept_while_the_connection_was_away_keeps_its_order_and_its_times(world: DeskWorld) -> None:
    code = world.order()
    scan = {"event_id": new_id(), "type": "received", "merchant_id": "tech", "order_code": code, "waited_seconds": 1800}
    label = desk_label(scan["event_id"])
    sent = world.record(SUPERVISOR, scan, {**INSPECTED, "unit_label": label, "waited_seconds": 600})
    assert [one["outcome"] for one in sent] == ["booked", "booked"]
    (unit,) = world.query("select received_at, inspected_at from ledger.unit where unit_label = %s", label)
    assert world.now - unit["received_at"] == dt.timedelta(minutes=30)
    assert world.now - unit["inspected_at"] == dt.timedelta(minutes=10)


def desk_label(event_id: str) -> str:
    from include.domain.desk import label_of

    return label_of(event_id)


@pytest.mark.parametrize(
    ("staff", "event", "code"),
    [
        (OPERATOR, INSPECTED, "not_allowed"),
        (INSPECTOR, {"type": "written_off"}, "not_allowed"),
        (ONLY_KIDS, INSPECTED, "not_allowed"),
        (INSPECTOR, {**INSPECTED, "grade": "Z"}, "contract"),
        (INSPECTOR, {**INSPECTED, "signs_of_use": True}, "policy"),
        (INSPECTOR, {**INSPECTED, "occurred_at": "2026-12-25T10:00:00+05:00"}, "from_the_future"),
        (INSPECTOR, {**INSPECTED, "store_id": "PP9"}, "not_here"),
    ],
)
def test_what_may_not_be_is_refused_with_the_reason_and_moves_nothing(
    world: DeskWorld, staff: Staff, event: dict[str, Any], code: str
) -> None:
    label = world.received()
    answer = world.one(staff, unit_label=label, **event)
    assert (answer["outcome"], answer["reason_code"]) == ("rejected", code), answer
    assert answer["reason"] and answer["reason_code"] in REFUSALS, "a person reads it in his language"
    assert world.query("select state from ledger.unit where unit_label = %s", label) == [{"state": "received"}]
    quarantined = world.query("select source, payload from ops.quarantine")
    assert bool(quarantined) == (code in ("contract", "policy", "from_the_future"))


def test_what_was_refused_is_refused_again_when_it_is_sent_again(world: DeskWorld) -> None:
    """The answer was lost, or a person pressed "Try again": he must not read that it went through."""
    label = world.inspected()
    event = {"event_id": new_id(), "type": "qc", "unit_label": label, "passed": True}
    (first,) = world.record(INSPECTOR, event)
    (again,) = world.record(INSPECTOR, event)
    assert (first["outcome"], first["reason_code"]) == ("rejected", "same_person")
    assert (again["outcome"], again["reason_code"]) == ("rejected", "refused_before")
    assert world.query("select count(*) as n from ops.quarantine") == [{"n": 1}], "and is kept once"


def test_a_refused_event_does_not_keep_the_others(world: DeskWorld) -> None:
    label = world.received()
    answers = world.record(INSPECTOR, {"type": "written_off", "unit_label": label}, {**INSPECTED, "unit_label": label})
    assert [one["outcome"] for one in answers] == ["rejected", "booked"]


def test_qc_is_by_another_person_whoever_the_browser_says_it_is(world: DeskWorld) -> None:
    label = world.inspected()
    himself = world.one(INSPECTOR, type="qc", unit_label=label, passed=True, actor="chingiz", checked_by="chingiz")
    assert (himself["outcome"], himself["reason_code"]) == ("rejected", "same_person")
    assert world.one(CHECKER, type="qc", unit_label=label, passed=True)["outcome"] == "booked"


def test_who_sees_one_merchant_sees_no_other(world: DeskWorld) -> None:
    label, code = world.received(), world.order()
    with pytest.raises(desk.NotAllowed):
        world.look_up(ONLY_KIDS, label)
    assert world.look_up(ONLY_KIDS, code)["kind"] == "unknown"
    assert world.look_up(ONLY_KIDS, EANS["AT1"])["goods"] == []
    with pytest.raises(desk.NotAllowed):
        world.look_up(Staff("nobody"), label)
    with pytest.raises(desk.NotAllowed):
        world.one(Staff("nobody"), unit_label=label, **INSPECTED)
    with pytest.raises(desk.NotFound):
        world.look_up(SUPERVISOR, label, warehouse="W7")


def test_a_bare_ean_takes_the_only_expectation_and_never_guesses(world: DeskWorld) -> None:
    world.order("tech", ("AT1", 1))
    only = world.one(OPERATOR, type="received", merchant_id="tech", ean=EANS["AT1"])
    assert only["unit"]["state"] == "received"
    world.order("tech", ("AT1", 1))
    world.order("tech", ("AT1", 1))
    of_two = world.one(OPERATOR, type="received", merchant_id="tech", ean=EANS["AT1"])
    assert of_two["unit"]["state"] == "unexpected"
    assert {one["sku"] for one in world.look_up(OPERATOR, EANS["AT1"])["expected"]} == {"AT1"}


def test_two_scanners_never_take_one_expectation(world: DeskWorld) -> None:
    """Eight people scan the EAN of the only expected piece at the same moment: one has it, seven found a stray."""
    world.order("tech", ("AT2", 1))
    answers: list[dict[str, Any]] = []
    failures: list[BaseException] = []

    def scan() -> None:
        try:
            answers.append(world.one(OPERATOR, type="received", merchant_id="tech", ean=EANS["AT2"]))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=scan) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(one["unit"]["state"] for one in answers) == ["received"] + ["unexpected"] * 7
    assert world.query("select count(*) as n from ops.quarantine") == [{"n": 0}]


def test_one_event_sent_by_many_at_once_is_booked_once(world: DeskWorld) -> None:
    code = world.order()
    event = {"event_id": new_id(), "type": "received", "merchant_id": "tech", "order_code": code}
    answers: list[dict[str, Any]] = []
    threads = [threading.Thread(target=lambda: answers.append(world.record(OPERATOR, event)[0])) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one["outcome"] for one in answers) == ["booked"] + ["repeated"] * 5
    assert len({one["unit"]["unit_id"] for one in answers}) == 1, "each learns whose its photos are"
    assert world.query("select count(*) as n from ledger.unit_event where type = 'received'") == [{"n": 1}]


def test_a_label_that_is_in_already_is_a_finding(world: DeskWorld) -> None:
    label = world.received()
    again = world.one(OPERATOR, type="received", merchant_id="tech", unit_label=label)
    assert (again["outcome"], again["unit_label"]) == ("duplicate_scan", label)


def test_an_event_of_an_unknown_label_waits_and_is_booked_when_its_unit_comes(world: DeskWorld) -> None:
    """The WMS prints the labels and receives; its feed comes later than the inspector."""
    with connect(world.dsn) as conn:
        from include.flows.onboarding import add_source

        add_source(conn, "desk-w1", kind="desk", system_of_record={"receipt": "wms"})
    early = world.one(INSPECTOR, unit_label="W1-000001", merchant_id="tech", **INSPECTED)
    assert (early["outcome"], early["reason_code"]) == ("waiting", "early")
    world.later(hours=25)
    # nothing came in a day: the run puts it aside
    from include.flows.booking import book_events
    from include.flows.run import Run

    with connect(world.dsn) as conn:
        assert book_events(conn, Run("warehouse_receipts_reconcile", "r", world.now), "tech")["rejected"] == 1
    (kept,) = world.query("select reason from ops.quarantine")
    assert "W1-000001 after 24 hours" in kept["reason"]
