"""A drawn inspection is repeated blind, by another inspector, beside the ledger."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from include.db.connection import connect
from include.domain.second_look import drawn
from include.domain.staff import Staff
from include.flows import desk, second_look
from tests.db.desk_world import CHECKER, INSPECTED, INSPECTOR, ONLY_KIDS, OPERATOR, SUPERVISOR, DeskWorld
from tests.unit.test_photos import picture

LOOK = {**{name: value for name, value in INSPECTED.items() if name != "zone"}, "type": "second_look"}


def share(world: DeskWorld, value: float) -> None:
    with connect(world.dsn) as conn:
        conn.execute("update ops.setting set value = to_jsonb(%s) where name = 'second_look_share'", (value,))


@pytest.fixture
def world(new_warehouse: Callable[[], str]) -> DeskWorld:
    here = DeskWorld(new_warehouse())
    here.set_up()
    share(here, 1)
    return here


def waiting(world: DeskWorld, staff: Staff) -> list[str]:
    with connect(world.dsn) as conn:
        return [row["unit_label"] for row in desk.second_looks(conn, staff, "W1")]


def page(world: DeskWorld, staff: Staff, label: str) -> dict[str, Any]:
    (unit,) = world.query("select unit_id from ledger.unit where unit_label = %s", label)
    with connect(world.dsn) as conn:
        return desk.unit_page(conn, staff, unit["unit_id"])


def test_the_draw_is_by_unit_and_seed_and_a_second_run_draws_nothing_more(world: DeskWorld) -> None:
    share(world, 0.5)
    labels = [world.inspected() for _ in range(12)]
    rows = world.query("select unit_id, unit_label from ledger.unit where unit_label is not null")
    meant = {row["unit_label"] for row in rows if drawn(row["unit_id"], "qaitarym", 0.5)}
    assert set(waiting(world, CHECKER)) == meant and 0 < len(meant) < len(labels)
    events = [row["event_id"] for row in world.query("select event_id from ledger.unit_event")]
    with connect(world.dsn) as conn:
        assert second_look.draw(conn, events, world.now) == 0


def test_the_second_inspector_sees_nothing_of_the_first_look_until_he_has_looked(world: DeskWorld) -> None:
    label = world.inspected(grade="C", route="off_kaspi", signs_of_use=True, finding="defective", defects=["no_power"])
    (unit,) = world.query("select unit_id from ledger.unit where unit_label = %s", label)
    with connect(world.dsn) as conn:
        photo_id = world.keep_photo(INSPECTOR, unit["unit_id"], picture(), None)["photo_id"]
        assert desk.photo(conn, INSPECTOR, photo_id)
        with pytest.raises(desk.NotFound):
            desk.photo(conn, CHECKER, photo_id)
        lists = str(desk.second_looks(conn, CHECKER, "W1")) + str(desk.queue(conn, CHECKER, "W1", "qc"))
        lists += str(desk.zones(conn, CHECKER, "W1"))
    found = world.look_up(CHECKER, label)
    assert found["next"][0] == "second_look" and found["unit"]["blind"]
    moved = world.one(CHECKER, type="moved", unit_label=label, zone="quarantine")
    shown = str(found) + str(page(world, CHECKER, label)) + lists + str(moved)
    for word in ("defective", "off_kaspi", "no_power", "'C'", str(photo_id)):
        assert word not in shown, word
    assert world.look_up(INSPECTOR, label)["unit"]["finding"] == "defective", "the first one knows what he wrote"
    assert world.look_up(SUPERVISOR, label)["unit"]["finding"] == "defective"

    looked = world.one(CHECKER, unit_label=label, **{**LOOK, "grade": "B", "route": "resale", "finding": "no_fault"})
    assert looked["outcome"] == "finding"
    assert page(world, CHECKER, label)["photos"][0]["photo_id"] == photo_id
    assert waiting(world, CHECKER) == []


def test_a_second_look_changes_nothing_in_the_ledger_and_a_difference_is_shown_to_a_supervisor(
    world: DeskWorld,
) -> None:
    label = world.inspected()
    before = world.query("select * from ledger.unit")
    assert world.one(CHECKER, unit_label=label, **{**LOOK, "grade": "C", "route": "off_kaspi"})["outcome"] == "finding"
    assert world.query("select * from ledger.unit") == before
    (seen,) = page(world, SUPERVISOR, label)["second_looks"]
    assert (seen["first_grade"], seen["second_grade"], seen["differs"]) == ("A", "C", True)
    assert (seen["first_actor"], seen["second_actor"]) == ("ivan", "chingiz")
    assert page(world, INSPECTOR, label)["second_looks"] == []
    with connect(world.dsn) as conn:
        (differing,) = desk.agreement(conn, SUPERVISOR, "W1")["differing"]
        assert desk.agreement(conn, ONLY_KIDS, "W1")["differing"] == [], "the goods are of another merchant"
    assert (differing["unit_label"], differing["second_grade"]) == (label, "C")


def test_nobody_looks_twice_himself_and_nobody_unasked(world: DeskWorld) -> None:
    label = world.inspected()
    himself = world.one(INSPECTOR, unit_label=label, **LOOK)
    assert (himself["outcome"], himself["reason_code"]) == ("rejected", "same_person")
    assert world.one(OPERATOR, unit_label=label, **LOOK)["reason_code"] == "not_allowed"
    assert waiting(world, INSPECTOR) == waiting(world, SUPERVISOR) == []
    assert world.one(CHECKER, unit_label=label, **LOOK)["outcome"] == "finding"
    again = world.one(Staff("roma", {"*": "inspector"}), unit_label=label, **LOOK)
    assert again["outcome"] == "rejected" and "no second look" in again["reason"]


@pytest.mark.parametrize("step", ["repacked", "inspected", "voided"])
def test_what_was_worked_on_or_inspected_anew_is_not_looked_at_for_the_old_inspection(
    world: DeskWorld, step: str
) -> None:
    label = world.inspected(route="resale", grade="B")
    (old,) = world.query("select inspection_id from core.second_look")
    event = {"inspected": INSPECTED, "repacked": {"minutes": 5}}.get(step) or {
        "voids": world.look_up(INSPECTOR, label)["last_event"]["event_id"]
    }
    assert world.one(INSPECTOR, **{**event, "type": step, "unit_label": label})["outcome"] == "booked"
    still = world.query("select inspection_id from core.second_look_open")
    assert old not in still
    assert len(still) == (step == "inspected")


def test_kappa_of_each_inspector_and_category_over_the_pairs(world: DeskWorld) -> None:
    """Thirty-six looks: ivan agrees in all but six; nobody else inspected, and no category has thirty."""
    for n in range(36):
        merchant, sku = ("tech", "AT1") if n % 2 else ("kids", "SK1")
        label = world.received(merchant, (sku, 1))
        world.inspected(label=label, **({"grade": "B", "route": "resale"} if n % 3 else {}))
        other = n % 6 == 0
        seen = {"grade": "B", "route": "resale"} if (n % 3 or other) else {}
        assert world.one(CHECKER, unit_label=label, **{**LOOK, **seen})["outcome"] == "finding"
    with connect(world.dsn) as conn:
        found = {(row["dimension"], row["key"]): row for row in desk.agreement(conn, SUPERVISOR, "W1")["rows"]}
        with pytest.raises(desk.NotAllowed):
            desk.agreement(conn, INSPECTOR, "W1")
    ivan = found["inspector", "ivan"]
    # 24 B/B, 6 A/A, 6 A/B: observed 30/36, by chance (12·6 + 24·30)/36² = 22/36
    assert ivan["kappa"] == pytest.approx((30 - 22) / (36 - 22))
    assert ivan["lo"] < ivan["kappa"] < ivan["hi"]
    assert found["all", "*"]["pairs"] == 36
    assert found["category", "Наушники"]["note"] == "not_enough_data" and found["category", "Наушники"]["kappa"] is None


def test_nothing_is_drawn_where_no_desk_could_look_again(new_warehouse: Callable[[], str]) -> None:
    world = DeskWorld(new_warehouse())
    world.set_up()
    share(world, 1)
    label = world.received()
    with connect(world.dsn) as conn:
        conn.execute("delete from core.warehouse_source where kind = 'desk'")
        from include.domain.identity import event_id
        from include.domain.unit_life import Event
        from include.flows import ledger

        unit_id = UUID(
            str(conn.execute("select unit_id from ledger.unit where unit_label = %s", (label,)).fetchone()["unit_id"])
        )  # type: ignore[index]
        facts = {"grade": "A", "finding": "no_fault", "signs_of_use": False}
        one = Event(event_id("x"), unit_id, "tech", "inspected", world.now, "w1-insp", "wms/w1", facts)
        accepted = ledger.append(conn, [one], world.now).accepted
        assert second_look.draw(conn, accepted, world.now) == 0


def test_the_order_shows_its_pieces_as_the_second_inspector_may_see_them(world: DeskWorld) -> None:
    code = world.order("tech", ("AT1", 2))
    for _ in range(2):
        answer = world.one(OPERATOR, type="received", merchant_id="tech", return_label=f"{code}-1-R")
        world.inspected(label=answer["unit_label"], grade="C", route="off_kaspi", finding="defective")
    found = world.look_up(CHECKER, code)
    assert len(found["units"]) == 2
    assert all(unit["blind"] and unit["grade"] is None and unit["finding"] is None for unit in found["units"])
    assert {unit["grade"] for unit in world.look_up(SUPERVISOR, code)["units"]} == {"C"}


def test_who_may_see_the_first_look_takes_no_second_one(world: DeskWorld) -> None:
    """A supervisor sees what was found: his look would not be blind, and κ would say more than it knows."""
    label = world.inspected()
    answer = world.one(SUPERVISOR, unit_label=label, **LOOK)
    assert (answer["outcome"], answer["reason_code"]) == ("rejected", "not_blind")
    assert waiting(world, CHECKER) == [label], "it waits for an inspector still"
