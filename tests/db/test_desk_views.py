"""What the desk shows: queues by the cost of a day, zones with room, a unit's whole life, photos, the checklist."""

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from include.db.connection import connect
from include.domain.claims import extent_of
from include.flows import claims, desk, rate_card
from include.sandbox.catalogue import build_merchants
from tests.db.desk_world import (
    CHECKER,
    INSPECTED,
    INSPECTOR,
    ONLY_KIDS,
    OPERATOR,
    SUPERVISOR,
    DeskWorld,
)
from tests.unit.test_photos import picture

STORAGE = b"""merchant,warehouse,term,per,code,amount,valid_from,name_ru,name_kk,name_en
*,*,storage,day,,30,2026-01-01,,,
kids,*,storage,day,,45,2026-01-01,,,
"""


@pytest.fixture
def world(new_warehouse: Callable[[], str]) -> DeskWorld:
    here = DeskWorld(new_warehouse())
    here.set_up()
    with connect(here.dsn) as conn:
        rate_card.load(conn, "prices.csv", STORAGE, "saule", here.now)
        conn.execute("update ops.setting set value = '0' where name = 'second_look_share'")
    return here


def queue(world: DeskWorld, step: str, staff: Any = SUPERVISOR) -> list[dict[str, Any]]:
    with connect(world.dsn) as conn:
        return desk.queue(conn, staff, "W1", step, world.now)


def unit_of(world: DeskWorld, label: str) -> UUID:
    (row,) = world.query("select unit_id from ledger.unit where unit_label = %s", label)
    return UUID(str(row["unit_id"]))


def page(world: DeskWorld, label: str, staff: Any = SUPERVISOR) -> dict[str, Any]:
    with connect(world.dsn) as conn:
        return desk.unit_page(conn, staff, unit_of(world, label))


def test_the_queue_begins_with_what_loses_most_by_one_more_day(world: DeskWorld) -> None:
    """Wednesday's scan: the merchant decides until the end of Monday, by Kazakhstan's calendar of working days."""
    dear, cheap = world.received("tech", ("AT2", 1)), world.received("tech", ("AT1", 1))
    stranger = world.one(OPERATOR, type="received", merchant_id="tech", order_code=world.order(expected=False))
    waiting = queue(world, "inspect")
    assert [one["unit_label"] for one in waiting] == [dear, cheap, stranger["unit_label"]]
    # 26 to 30 November: five days and nearly all of the sixth; a share of the price, 5 per mille of it, and the storage
    assert [one["day_cost"] for one in waiting] == [30 + 199 + 39_990 // 6, 30 + 74 + 14_990 // 6, 30 + 74]
    assert waiting[0]["due_at"] == dt.datetime(2026, 11, 30, 19, tzinfo=dt.UTC)
    assert waiting[2]["due_at"] is None, "nobody asked for it: nobody decides"
    world.later(days=5)
    assert queue(world, "inspect")[0]["day_cost"] == 30 + 199 + 39_990, "the last day"
    world.later(days=2)
    assert queue(world, "inspect")[0]["day_cost"] == 30 + 199, "Kaspi has refunded it: nothing more to lose"


def test_a_holiday_does_not_count_among_the_working_days(world: DeskWorld) -> None:
    """16 December is Independence Day: of a scan on Monday the 14th the third working day is Friday."""
    world.now = dt.datetime(2026, 12, 14, 5, tzinfo=dt.UTC)
    world.received()
    assert queue(world, "inspect")[0]["due_at"] == dt.datetime(2026, 12, 18, 19, tzinfo=dt.UTC)


def test_a_unit_waits_in_the_queue_of_its_next_step(world: DeskWorld) -> None:
    fine = world.inspected()
    box = world.inspected(grade="B", route="resale")
    broken = world.inspected(grade="C", route="repair", finding="defective", zone="repair")
    lost = world.inspected(grade="D", route="write_off", finding="damaged_in_transit", zone="unrecoverable")
    stray = world.one(OPERATOR, type="received", merchant_id="tech", sku="AT1")["unit_label"]

    def labels() -> dict[str, set[str]]:
        found = {step: {str(one["unit_label"]) for one in queue(world, step)} for step in desk_queues()}
        with connect(world.dsn) as conn:
            assert desk.queue_counts(conn, SUPERVISOR, "W1") == {step: len(units) for step, units in found.items()}
        return {step: units for step, units in found.items() if units}

    assert labels() == {"qc": {fine}, "repack": {box}, "repair": {broken}, "clear": {lost, stray}}
    world.record(INSPECTOR, {"type": "repacked", "unit_label": box}, {"type": "in_repair", "unit_label": broken})
    assert labels() == {"qc": {fine, box}, "repair": {broken}, "clear": {lost, stray}}
    world.one(CHECKER, type="qc", unit_label=fine, passed=True)
    assert labels()["stock"] == {fine}
    world.one(OPERATOR, type="moved", unit_label=fine, zone="active_stock")
    assert "stock" not in labels()
    with pytest.raises(desk.Refused):
        queue(world, "sleep")


def desk_queues() -> list[str]:
    from include.flows.desk_views import QUEUES

    return list(QUEUES)


def test_a_zone_has_room_for_so_many_and_shows_a_person_his_own_merchants_goods(world: DeskWorld) -> None:
    with connect(world.dsn) as conn:
        conn.execute("update core.zone set capacity = 2 where warehouse = 'W1' and zone = 'resellable'")
    tech, kids = world.inspected(), world.inspected(label=world.received("kids"))
    world.received()

    def shown(staff: Any) -> dict[str, tuple[Any, int, set[str]]]:
        with connect(world.dsn) as conn:
            return {
                one["zone"]: (one["capacity"], one["occupied"], {unit["unit_label"] for unit in one["units"]})
                for one in desk.zones(conn, staff, "W1")
            }

    everything = shown(SUPERVISOR)
    assert list(everything) == ["dock", "quarantine", "resellable", "repair", "unrecoverable", "active_stock"]
    assert everything["resellable"] == (2, 2, {tech, kids})
    assert everything["dock"][1] == 1
    assert shown(ONLY_KIDS)["resellable"] == (2, 2, {kids}), "room is room, whoever fills it"
    world.one(SUPERVISOR, type="unrecoverable", unit_label=kids, zone="unrecoverable")
    world.one(SUPERVISOR, type="disposed", unit_label=kids)
    assert shown(SUPERVISOR)["resellable"] == (2, 1, {tech}) and shown(SUPERVISOR)["unrecoverable"][1] == 0
    nowhere = world.one(OPERATOR, type="moved", unit_label=tech, zone="the moon")
    assert (nowhere["outcome"], nowhere["reason_code"]) == ("rejected", "unknown_zone")


def test_a_units_page_tells_its_whole_life(world: DeskWorld) -> None:
    label = world.inspected()
    voided = world.one(INSPECTOR, type="repacked", unit_label=label, minutes=3)
    world.one(INSPECTOR, type="voided", unit_label=label, voids=voided["event_id"])
    photo = world.keep_photo(INSPECTOR, unit_of(world, label), picture(), voided["event_id"])
    told = page(world, label)
    assert [(one["type"], one["voided"]) for one in told["events"]] == [
        ("requested", False), ("received", False), ("inspected", False), ("repacked", True), ("voided", False),
    ]  # fmt: skip
    assert told["unit"]["state"] == "inspected" and told["unit"]["category"] == "Наушники"
    assert told["photos"][0]["photo_id"] == photo["photo_id"] and told["photos"][0]["actor"] == "ivan"
    assert {"term": "original_price", "amount": 14_990} in told["money"]
    assert told["claims"] == []
    with pytest.raises(desk.NotAllowed):
        page(world, label, ONLY_KIDS)
    with connect(world.dsn) as conn, pytest.raises(desk.NotFound):
        desk.unit_page(conn, SUPERVISOR, uuid4())


def test_the_desk_judges_the_claim_in_the_step_that_changes_it(world: DeskWorld) -> None:
    """Damage seen, then a photo, then taken back: the claim follows at once, not with the next run of the DAG."""

    def claims() -> list[tuple[Any, ...]]:
        return [
            (one["status"], one["missing"], one["amount"])
            for one in world.query("select status, missing, amount from core.claim")
        ]

    label = world.received()
    assert claims() == []
    damaged = {**INSPECTED, "grade": "D", "finding": "damaged_in_transit", "route": "write_off"}
    damaged |= {"packaging_intact": False, "defects": ["dent"], "damage_extent": "one_side", "zone": "unrecoverable"}
    seen = world.one(INSPECTOR, unit_label=label, **damaged)
    assert claims() == [("draft", ["photo"], 4_497)], "30 % of 14,990"
    world.keep_photo(INSPECTOR, unit_of(world, label), picture(), seen["event_id"])
    assert claims() == [("ready", [], 4_497)]
    assert [one["status"] for one in page(world, label)["claims"]] == ["ready"]
    world.one(INSPECTOR, type="voided", unit_label=label, voids=seen["event_id"])
    assert [one[0] for one in claims()] == ["withdrawn"]


def test_whose_note_of_the_damage_it_is_decides_the_claims_clock(world: DeskWorld) -> None:
    """What the dock sees is no note of the carrier's act: without one there is a day, with one there are ten."""
    for noted, hours in ((False, 24), (True, None)):
        code = world.order()
        seen = {"packaging_note": "угол смят", "act_damage_noted": noted, "act_note": "смят угол" if noted else None}
        label = world.one(
            OPERATOR, type="received", merchant_id="tech", return_label=f"{code}-1-R", same_city=True, **seen
        )
        (claim,) = world.query(
            "select claim.due_at, claim.why, claim.missing from core.claim inner join ledger.unit using (unit_id) "
            "where unit_label = %s", label["unit_label"],
        )  # fmt: skip
        assert claim["missing"] == ["inspection", "photo"]
        if hours:
            assert claim["why"] == ["dock_saw_damage", "clock_no_note"]
            assert claim["due_at"] == world.now + dt.timedelta(hours=hours)
        else:
            assert claim["why"] == ["act_has_note", "clock_same_city"]
            assert claim["due_at"] == dt.datetime(2026, 12, 4, 19, tzinfo=dt.UTC), "the tenth day, Almaty's midnight"


def test_every_defect_of_the_checklist_that_the_carrier_answers_for_has_an_extent(world: DeskWorld) -> None:
    for row in world.query("select category, code, finding from core.defect where finding = 'damaged_in_transit'"):
        facts = claims.facts_of(
            dict.fromkeys(
                ("received_at", "is_here", "order_id", "act_note", "same_city", "photos", "price", "return_kind",
                 "stated_reason", "waybill", "return_label", "delivery_mode", "dock_note")
            ) | {"inspection": {"finding": row["finding"], "defects": [row["code"]], "packaging_intact": True}}
        )  # fmt: skip
        assert extent_of(facts) is not None, row


def test_photos_are_kept_once_counted_and_shown_to_whom_the_unit_is(world: DeskWorld) -> None:
    label = world.received()
    unit_id, body = unit_of(world, label), picture()
    first = world.keep_photo(OPERATOR, unit_id, body, "e1")
    assert world.keep_photo(OPERATOR, unit_id, body, "e1") == first
    with connect(world.dsn) as conn:
        assert desk.photo(conn, INSPECTOR, first["photo_id"]).startswith(b"\xff\xd8")
        with pytest.raises(desk.NotAllowed):
            desk.photo(conn, ONLY_KIDS, first["photo_id"])
        with pytest.raises(desk.NotFound):
            desk.photo(conn, SUPERVISOR, uuid4())
    with pytest.raises(desk.NotAllowed):
        world.keep_photo(ONLY_KIDS, unit_id, body, "e1")
    with pytest.raises(desk.NotFound):
        world.keep_photo(OPERATOR, uuid4(), body, "e1")
    for bad in (b"no picture", body + b"\0" * (13 << 20)):
        with pytest.raises(desk.Refused):
            world.keep_photo(OPERATOR, unit_id, bad, "e2")
    outcomes: list[str] = []

    def send(n: int) -> None:
        try:
            world.keep_photo(OPERATOR, unit_id, picture((40 + n, 40)), "e3")
            outcomes.append("kept")
        except desk.Refused as refused:
            outcomes.append(refused.reason_code)

    threads = [threading.Thread(target=send, args=(n,)) for n in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["kept"] * 19 + ["too_many"] * 5
    assert world.query("select count(*) as n from core.photo") == [{"n": 20}]
    assert world.keep_photo(OPERATOR, unit_id, body, "e1") == first, "a known one is no new one"


def test_the_checklist_asks_what_the_category_needs_in_three_languages(world: DeskWorld) -> None:
    with connect(world.dsn) as conn:
        phones = desk.checklist(conn, "Наушники")
        every = desk.checklist(conn)
        kazakh = desk.checklist(conn, "Наушники", "kk")
    codes = [one["code"] for one in phones["defects"]]
    assert codes.index("no_power") < codes.index("box_dented"), "its own first, then those of every category"
    assert phones["required"] == ["packaging_intact", "complete", "documents", "signs_of_use"]
    assert every["Наушники"] == phones and "*" not in every
    assert [one["code"] for one in every["unknown"]["defects"]] == [code for code in codes if code in {
        one["code"] for one in every["unknown"]["defects"]}]  # fmt: skip
    (power,) = (one for one in kazakh["defects"] if one["code"] == "no_power")
    assert power["name"] == power["names"]["kk"] != power["names"]["ru"]
    assert power["finding"] == "defective" and power["repairable"]


def test_every_category_of_the_sandbox_has_a_checklist_of_its_own(world: DeskWorld) -> None:
    shops = build_merchants(1).values()
    categories = {product.category for shop in shops for product in shop.products.values()}
    with connect(world.dsn) as conn:
        general = {one["code"] for one in desk.checklist(conn, "unknown")["defects"]}
        for category in categories:
            assert {one["code"] for one in desk.checklist(conn, category)["defects"]} > general, category


def test_an_early_mistake_is_taken_back_by_whoever_made_it_a_late_one_by_a_supervisor(world: DeskWorld) -> None:
    label = world.inspected()
    last = world.look_up(INSPECTOR, label)["last_event"]
    assert last["type"] == "inspected" and "voided" in world.look_up(INSPECTOR, label)["next"]
    assert "voided" not in world.look_up(CHECKER, label)["next"]
    others = world.one(CHECKER, type="voided", unit_label=label, voids=last["event_id"])
    assert (others["outcome"], others["reason_code"]) == ("rejected", "too_late_to_void")
    world.later(minutes=16)
    late = world.one(INSPECTOR, type="voided", unit_label=label, voids=last["event_id"])
    assert (late["outcome"], late["reason_code"]) == ("rejected", "too_late_to_void")
    done = world.one(SUPERVISOR, type="voided", unit_label=label, voids=last["event_id"])
    assert (done["outcome"], done["unit"]["state"]) == ("booked", "received")
    twice = world.one(SUPERVISOR, type="voided", unit_label=label, voids=last["event_id"])
    assert twice["outcome"] == "rejected" and "voided" in twice["reason"]
    assert world.inspected(label=label, grade="B", route="resale") == label


def test_a_mistake_of_two_events_is_taken_back_whole(world: DeskWorld) -> None:
    """A wrong item is an inspection and its consequence."""
    label = world.received()
    wrong = world.one(
        INSPECTOR,
        unit_label=label,
        **{**INSPECTED, "finding": "wrong_item", "route": "write_off", "zone": "quarantine"},
    )
    assert wrong["unit"]["state"] == "wrong_item"
    back = world.one(INSPECTOR, type="voided", unit_label=label, voids=wrong["event_id"])
    assert (back["outcome"], back["unit"]["state"], back["zone"]) == ("booked", "received", "dock")


def test_a_scan_that_was_a_mistake_and_its_correction_may_come_in_one_send(world: DeskWorld) -> None:
    code = world.order()
    scan = {"event_id": str(uuid4()), "type": "received", "merchant_id": "tech", "order_code": code, "unit_label": "L1"}
    sent = world.record(OPERATOR, scan, {"type": "voided", "unit_label": "L1", "voids": scan["event_id"]})
    assert [one["outcome"] for one in sent] == ["booked", "booked"]
    assert world.look_up(OPERATOR, code)["kind"] == "expected", "it is expected again"
    again = world.one(OPERATOR, type="received", merchant_id="tech", order_code=code, unit_label="L1")
    assert again["outcome"] == "booked"


def test_only_the_last_thing_that_happened_can_be_taken_back(world: DeskWorld) -> None:
    label = world.inspected()
    first = world.look_up(INSPECTOR, label)["last_event"]["event_id"]
    world.one(INSPECTOR, type="repacked", unit_label=label)
    answer = world.one(SUPERVISOR, type="voided", unit_label=label, voids=first)
    assert (answer["outcome"], answer["reason_code"]) == ("waiting", "early")
    assert "last effective event" in answer["reason"] and answer["unit"]["state"] == "repacked"
