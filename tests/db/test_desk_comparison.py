"""One system of a warehouse is believed, the other one compared: a difference is seen, whichever of them lacks what."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from include.db.connection import connect
from include.flows import desk
from include.flows.booking import book_events
from include.flows.comparison import compare
from include.flows.run import Run
from include.flows.warehouse_events import keep_raw
from tests.db.desk_world import CHECKER, EANS, INSPECTED, INSPECTOR, OPERATOR, SUPERVISOR, DeskWorld, new_id

KINDS = ("record_lacks", "other_lacks", "other_finding", "other_time")


@pytest.fixture
def world(new_warehouse: Callable[[], str]) -> DeskWorld:
    here = DeskWorld(new_warehouse())
    here.set_up()
    return here


def tells(world: DeskWorld, *events: dict[str, Any], merchant_id: str = "tech") -> None:
    """The WMS of the warehouse tells, its run books."""
    whole = [
        {"event_id": new_id(), "merchant_id": merchant_id, "store_id": "PP1", "actor": "w1-x",
         "occurred_at": world.now.isoformat(), **event}
        for event in events
    ]  # fmt: skip
    with connect(world.dsn) as conn:
        keep_raw(conn, "w1", whole, world.now)
        conn.execute(
            "insert into core.warehouse_event (source, event_id, merchant_id, type, occurred_at, actor, store_id, "
            'payload, recorded_at, "position") select source, event_id, merchant_id, type, occurred_at, actor, '
            'store_id, payload, received_at, "position" from raw.wms_event on conflict do nothing'
        )
        book_events(conn, Run("warehouse_receipts_reconcile", new_id(), world.now), merchant_id)


def differences(world: DeskWorld, merchant_id: str = "tech") -> list[tuple[str, str]]:
    """Compare, and return (kind, label of the unit or what is told of) of what is open."""
    with connect(world.dsn) as conn:
        compare(conn, merchant_id, world.now)
    return [
        (row["kind"], row["unit_label"] or row["subject"])
        for row in world.query(
            "select kind, subject, unit_label from core.discrepancy left join ledger.unit using (unit_id) "
            "where status = 'open' and kind = any(%s) order by 1, 2",
            list(KINDS),
        )
    ]


def receipt(code: str, label: str, **facts: Any) -> dict[str, Any]:
    return {"type": "received", "unit_label": label, "scan_id": new_id(), "return_order_no": f"RO-{label}",
            "return_label": f"{code}-1-R", **facts}  # fmt: skip


def test_what_the_other_system_tells_is_never_booked_and_agreement_is_silent(world: DeskWorld) -> None:
    code = world.order()
    label = world.one(OPERATOR, type="received", merchant_id="tech", return_label=f"{code}-1-R")["unit_label"]
    world.inspected(label=label)
    before = world.query("select * from ledger.unit_event order by event_id")
    tells(world, receipt(code, "W1-000001"), {**INSPECTED, "unit_label": "W1-000001"})
    assert world.query("select * from ledger.unit_event order by event_id") == before
    assert differences(world) == []
    (pair,) = world.query("select source, unit_label, found_by from core.counterpart")
    assert pair == {"source": "w1", "unit_label": "W1-000001", "found_by": "order"}
    world.later(days=2)
    assert differences(world) == []
    outcomes = world.query("select distinct outcome from core.warehouse_event where source = 'w1'")
    assert outcomes == [{"outcome": "compared"}]


def test_a_receipt_that_only_the_other_system_knows_is_shown_a_day_later(world: DeskWorld) -> None:
    code = world.order()
    tells(world, receipt(code, "W1-000001"))
    assert differences(world) == [], "the desk may come to it yet"
    world.later(hours=25)
    ((kind, subject),) = differences(world)
    assert kind == "record_lacks" and subject.startswith("w1/")
    came = world.one(OPERATOR, type="received", merchant_id="tech", return_label=f"{code}-1-R",
                     occurred_at=(world.now - dt.timedelta(hours=23)).isoformat())  # fmt: skip
    assert came["outcome"] == "booked"
    assert [kind for kind, _ in differences(world)] == ["other_time"], "two hours apart is another time"


def test_a_receipt_that_the_other_system_lacks_is_shown_a_day_later(world: DeskWorld) -> None:
    told = world.order()
    world.one(OPERATOR, type="received", merchant_id="tech", return_label=f"{told}-1-R")
    tells(world, receipt(told, "W1-000001"))
    world.later(minutes=5)
    label = world.received()
    assert differences(world) == []
    world.later(hours=25)
    assert differences(world) == [("other_lacks", label)]


def test_a_system_is_compared_from_its_first_word_on(world: DeskWorld) -> None:
    """A WMS that tells of receipts only, and since today only, lacks neither inspections nor what was before."""
    label = world.inspected()
    world.later(days=2)
    code = world.order()
    world.one(OPERATOR, type="received", merchant_id="tech", return_label=f"{code}-1-R")
    tells(world, receipt(code, "W1-000001"))
    world.later(days=2)
    assert differences(world) == [], label


@pytest.mark.parametrize("seen", [{"grade": "C", "route": "off_kaspi"}, {"finding": "does_not_fit"}])
def test_another_grade_or_finding_is_shown_at_once_with_both_words(world: DeskWorld, seen: dict[str, str]) -> None:
    code = world.order()
    label = world.one(OPERATOR, type="received", merchant_id="tech", return_label=f"{code}-1-R")["unit_label"]
    world.inspected(label=label)
    tells(world, receipt(code, "W1-000001"), {**INSPECTED, **seen, "unit_label": "W1-000001"})
    assert differences(world) == [("other_finding", label)]
    (unit,) = world.query("select unit_id from ledger.unit where unit_label = %s", label)
    with connect(world.dsn) as conn:
        told = desk.unit_page(conn, SUPERVISOR, unit["unit_id"])["compared"]
        assert desk.unit_page(conn, INSPECTOR, unit["unit_id"])["compared"] == []
    (inspected,) = (one for one in told if one["differs"])
    for name, value in seen.items():
        assert (inspected["other_says"][name], inspected["record_says"][name]) == (value, INSPECTED[name])
    (row,) = world.query("select money_at_risk, owner, order_code from core.discrepancy where kind = 'other_finding'")
    assert row == {"money_at_risk": 14_990, "owner": "warehouse", "order_code": code}


def test_a_difference_that_is_put_right_is_resolved(world: DeskWorld) -> None:
    code = world.order()
    label = world.one(OPERATOR, type="received", merchant_id="tech", return_label=f"{code}-1-R")["unit_label"]
    world.inspected(label=label)
    wrong = {"event_id": new_id(), **INSPECTED, "grade": "D", "unit_label": "W1-000001"}
    tells(world, receipt(code, "W1-000001"), wrong)
    assert differences(world) == [("other_finding", label)]
    tells(world, {"type": "voided", "unit_label": "W1-000001", "voids": wrong["event_id"]},
          {**INSPECTED, "unit_label": "W1-000001"})  # fmt: skip
    assert differences(world) == []
    (row,) = world.query("select status, resolved_at from core.discrepancy where kind = 'other_finding'")
    assert row == {"status": "resolved", "resolved_at": world.now}


def test_another_time_by_more_than_the_setting_is_shown(world: DeskWorld) -> None:
    code = world.order()
    label = world.one(OPERATOR, type="received", merchant_id="tech", return_label=f"{code}-1-R")["unit_label"]
    an_hour = (world.now + dt.timedelta(minutes=60)).isoformat()
    tells(world, receipt(code, "W1-000001", occurred_at=an_hour))
    assert differences(world) == []
    with connect(world.dsn) as conn:
        conn.execute("update ops.setting set value = '59' where name = 'compare_minutes'")
    assert differences(world) == [("other_time", label)]


def test_the_other_direction_where_the_wms_is_believed_the_desk_is_compared(new_warehouse: Callable[[], str]) -> None:
    world = DeskWorld(new_warehouse())
    world.set_up(believed={})
    told, only_desk = world.order(), world.order()
    tells(world, receipt(told, "W1-000001"), {**INSPECTED, "unit_label": "W1-000001"})
    scans = [{"type": "received", "merchant_id": "tech", "return_label": f"{code}-1-R"} for code in (told, only_desk)]
    assert [one["outcome"] for one in world.record(OPERATOR, *scans)] == ["compared", "compared"]
    seen = world.one(INSPECTOR, unit_label="W1-000001", **{**INSPECTED, "grade": "B", "route": "resale"})
    assert (seen["outcome"], seen["reason_code"]) == ("compared", "compared") and "wms" in seen["reason"]
    assert world.query("select grade from ledger.unit where unit_label = 'W1-000001'") == [{"grade": "A"}]
    assert differences(world) == [("other_finding", "W1-000001")]
    world.later(minutes=10)
    only_wms = world.order()
    tells(world, receipt(only_wms, "W1-000002"))
    world.later(hours=25)
    found = dict(reversed(one) for one in differences(world))  # type: ignore[misc]
    assert found.pop("W1-000001") == "other_finding" and found.pop("W1-000002") == "other_lacks"
    ((subject, kind),) = found.items()
    assert kind == "record_lacks" and subject.startswith("desk-w1/")


def test_each_kind_of_event_has_its_own_system(new_warehouse: Callable[[], str]) -> None:
    """The WMS receives and prints the labels, the desk inspects, the WMS checks: one life of one unit."""
    world = DeskWorld(new_warehouse())
    world.set_up(believed={"inspection": "desk", "repair": "desk"})
    code = world.order()
    tells(world, receipt(code, "W1-000001"))
    assert world.look_up(INSPECTOR, "W1-000001")["compared"] == []
    assert world.look_up(CHECKER, "W1-000001")["next"][0] == "inspected"
    assert world.inspected(label="W1-000001", grade="B", route="resale") == "W1-000001"
    world.one(INSPECTOR, type="repacked", unit_label="W1-000001", minutes=4)
    assert "qc" in world.look_up(CHECKER, "W1-000001")["compared"]
    tells(world, {"type": "qc", "unit_label": "W1-000001", "passed": True, "checked_by": "w1-qc", "actor": "w1-qc"},
          {**INSPECTED, "unit_label": "W1-000001"})  # fmt: skip
    (unit,) = world.query("select state, grade from ledger.unit where unit_label = 'W1-000001'")
    assert unit == {"state": "qc", "grade": "B"}
    assert differences(world) == [("other_finding", "W1-000001")]


def test_pieces_of_one_order_and_bare_eans_find_their_counterparts(world: DeskWorld) -> None:
    code = world.order("tech", ("AT1", 1), ("AT2", 1))
    ours = {
        sku: world.one(OPERATOR, type="received", merchant_id="tech", order_code=code, sku=sku)["unit_label"]
        for sku in ("AT1", "AT2")
    }
    stray = world.one(OPERATOR, type="received", merchant_id="kids", ean=EANS["SK1"])["unit_label"]
    tells(world, receipt(code, "W1-2", ean=EANS["AT2"]), receipt(code, "W1-1", ean=EANS["AT1"]))
    bare = {name: value for name, value in receipt("x", "W1-3", ean=EANS["SK1"]).items() if name != "return_label"}
    tells(world, bare, merchant_id="kids")
    differences(world)
    differences(world, "kids")
    found = {
        row["theirs"]: (row["ours"], row["found_by"])
        for row in world.query(
            "select c.unit_label as theirs, u.unit_label as ours, c.found_by from core.counterpart as c "
            "join ledger.unit as u using (unit_id)"
        )
    }
    assert found == {
        "W1-1": (ours["AT1"], "order_and_goods"), "W1-2": (ours["AT2"], "order_and_goods"), "W1-3": (stray, "goods"),
    }  # fmt: skip


def test_a_second_comparison_changes_no_row(world: DeskWorld) -> None:
    code = world.order()
    world.one(OPERATOR, type="received", merchant_id="tech", return_label=f"{code}-1-R")
    tells(world, receipt(code, "W1-1"), receipt(world.order(), "W1-2"))
    world.later(hours=25)
    differences(world)
    everything = "select ctid, xmin, * from core.discrepancy order by discrepancy_id"
    before = world.query(everything)
    world.later(hours=1)
    differences(world)
    assert world.query(everything) == before and before


def test_where_nobody_else_tells_anything_nothing_is_compared(world: DeskWorld) -> None:
    world.inspected()
    world.later(days=3)
    assert differences(world) == []
    with connect(world.dsn) as conn:
        assert compare(conn, "tech", world.now) == 0
