"""The script of the sandbox: the same from the same seed, and holding what was planted in it."""

import datetime as dt
import itertools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from include.sandbox import assortment
from include.sandbox.drop import cell
from include.sandbox.moments import DAY
from include.sandbox.world import World, write_world

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "wms-event.schema.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def world() -> World:
    return write_world()


def told(world: World) -> str:
    orders = [(o.code, o.created_at, o.lines, o.steps, o.handed_over_at) for o in world.orders]
    events = [event.payload() for event in world.events]
    return json.dumps([orders, events], default=str)


def test_the_same_seed_writes_the_same_world(world: World) -> None:
    assert told(write_world()) == told(world)


def test_another_seed_or_reading_writes_another_world(world: World) -> None:
    assert told(write_world(seed=7)) != told(world)
    assert told(write_world(reading="after_sale")) != told(world)


def test_an_unknown_reading_is_refused() -> None:
    with pytest.raises(ValueError, match="reading 'sometimes'"):
        write_world(reading="sometimes")


@pytest.mark.parametrize("reading", ["undelivered", "after_sale"])
def test_reading_decides_whose_status_says_return_requested(reading: str) -> None:
    world = write_world(reading=reading)
    kinds = {
        unit.kind
        for unit in world.units
        if unit.order and any(s.status == "KASPI_DELIVERY_RETURN_REQUESTED" for s in unit.order.steps)
    }
    assert kinds == ({"refusal"} if reading == "undelivered" else {"customer_return"})


def test_an_orders_steps_go_forward_in_time(world: World) -> None:
    for order in world.orders:
        moments = [step.at for step in order.steps]
        assert moments == sorted(moments), order.code
        assert moments[0] == order.created_at


def test_every_event_keeps_the_published_contract(world: World) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    problems = [(e.event_id, p.message) for e in world.events for p in validator.iter_errors(e.payload())]
    assert problems == []
    assert len({event.event_id for event in world.events}) == len(world.events)


def test_the_contract_refuses_what_it_should() -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    good = SCHEMA["examples"][2]
    assert validator.is_valid(good)
    for broken in (
        {**good, "color": "red"},
        {name: value for name, value in good.items() if name != "passed"},
        {name: value for name, value in good.items() if name != "unit_label"},
        {**good, "type": "teleported"},
        {**good, "occurred_at": "2026-11-14T13:05:00"},
        {**SCHEMA["examples"][3], "unit_label": "W1-000001"},
    ):
        assert not validator.is_valid(broken), broken


@pytest.mark.parametrize(("value", "text"), [(None, ""), (True, "true"), (["a", "b"], "a|b"), (7, "7")])
def test_csv_cells(value: Any, text: str) -> None:
    assert cell(value) == text


def legal_paths() -> dict[str, set[str]]:
    """Return what may follow what for one label, as the domain's life of a unit has it."""
    ways_out = {"written_off", "to_supplier", "disposed"}
    return {
        "received": {"received", "inspected", "to_supplier", "returned_to_buyer", "disposed"},
        "inspected": {"repacked", "in_repair", "qc", "unrecoverable", "disposed", "returned_to_buyer"},
        "repacked": {"qc"},
        "in_repair": {"repaired", "unrecoverable"},
        "repaired": {"qc"},
        "qc": {"listed", "unrecoverable"},
        "listed": {"picked", "sold_off_kaspi"},
        "unrecoverable": ways_out,
    }


def test_every_piece_goes_a_legal_way_and_is_checked_by_another_person(world: World) -> None:
    by_label: dict[str | None, list[Any]] = {}
    for event in sorted(world.events, key=lambda e: e.occurred_at):
        if event.unit_label:
            by_label.setdefault(event.unit_label, []).append(event)
    for label, events in by_label.items():
        assert events[0].type == "received", label
        for before, after in itertools.pairwise(events):
            assert after.type in legal_paths()[before.type], (label, before.type, after.type)
            if after.type == "qc":
                assert after.actor not in {e.actor for e in events if e.type in ("inspected", "repacked", "repaired")}


def test_used_and_repaired_goods_are_never_listed_on_kaspi(world: World) -> None:
    for unit in world.units:
        if unit.channel in ("main", "resale"):
            assert unit.inspection and not unit.inspection.signs_of_use and unit.repaired_at is None


def test_planted_facts_are_there(world: World) -> None:
    end, start = world.span.end, world.span.start_of_life
    lost = [u for u in world.units if u.arrives_at is None and u.signalled_at and not u.missing_from_parcel]
    assert sum(u.signalled_at < start - 45 * DAY for u in lost if u.signalled_at) >= 5
    assert any(start - 45 * DAY < u.signalled_at < end for u in lost if u.signalled_at)
    here = [u for u in world.units if u.arrives_at and u.arrives_at < end]
    assert sum(bool(u.inspection and u.inspection.finding == "wrong_item") for u in here) >= 4
    assert sum(u.order is None for u in here) >= 4
    assert sum(u.order is not None and not u.requested for u in here) >= 4
    assert sum(u.missing_from_parcel for u in world.units) == 3


def test_enough_units_pass_qc_too_late_for_the_previous_system(world: World) -> None:
    span = world.span
    late = [u for u in world.units if u.qc_at and span.listed_until < u.qc_at <= span.end]
    assert all(unit.listed_at is None for unit in late)
    assert len(late) >= 25
    assert {unit.channel for unit in late} == {"main", "resale", "off_kaspi"}
    assert {unit.merchant_id for unit in late} == set(world.merchants)


def test_a_batch_and_a_category_stand_out(world: World) -> None:
    def share(group: str, value: str, causes: set[str]) -> float:
        since = world.span.signals_from
        sold = back = 0
        for order in world.orders:
            products = world.merchants[order.merchant_id].products
            for line in order.lines:
                product = products.get(line.sku)
                if order.created_at >= since and product and getattr(product, group) == value:
                    sold += line.quantity
        for unit in world.units:
            product = world.merchants[unit.merchant_id].products[unit.sku]
            recent = unit.order is not None and unit.order.created_at >= since
            back += recent and getattr(product, group) == value and unit.cause in causes
        return back / sold

    assert share("batch", assortment.DEFECTIVE_BATCH, {"defective"}) > 0.15
    assert share("category", assortment.MISLEADING_SHELF, {"does_not_fit", "not_as_described"}) > 0.15
    assert share("category", "Умные часы", {"defective"}) < 0.05


def test_duplicate_scans_and_late_receipts(world: World) -> None:
    receipts = [event for event in world.events if event.type == "received"]
    scans = Counter(event.unit_label for event in receipts)
    assert sum(count > 1 for count in scans.values()) >= 2
    inspected = {event.unit_label: event.recorded_at for event in world.events if event.type == "inspected"}
    late = [e for e in receipts if e.unit_label in inspected and e.recorded_at > inspected[e.unit_label]]
    assert len(late) >= 2
    ticks = world.span.ticks()
    assert any(inspected[e.unit_label] < tick < e.recorded_at for e in late for tick in ticks)


def test_sold_out_skus_have_no_base_goods_but_a_returned_piece(world: World) -> None:
    span = world.span
    dry = [p for m in world.merchants.values() for p in m.products.values() if p.dry]
    assert len(dry) == 4
    for product in dry:
        assert world.stock.at(product.merchant_id, product.sku, span.start_of_life) == 0
        units = [u for u in world.units if u.sku == product.sku and u.channel == "main" and u.qc_at]
        assert len(units) == 1 and units[0].qc_at and span.start_of_life < units[0].qc_at < span.end


def test_base_goods_never_run_out_unnoticed(world: World) -> None:
    for merchant in world.merchants.values():
        for product in merchant.products.values():
            if not product.dry:
                moments = (world.span.begin + dt.timedelta(hours=h) for h in range(12, 24 * 180, 24))
                assert min(world.stock.at(merchant.merchant_id, product.sku, m) for m in moments) > 0


def test_a_resale_offer_never_sells_more_than_was_listed(world: World) -> None:
    for unit in world.units:
        if unit.sale is not None:
            assert unit.listed_at is not None and unit.listed_at < unit.sale.created_at
            assert unit.sale.lines[0].sku == unit.offer_sku
    sales = [unit.sale.code for unit in world.units if unit.sale]
    assert len(sales) == len(set(sales))


def test_an_order_changes_late_in_its_life(world: World) -> None:
    late = [
        order for order in world.orders
        if order.steps[-1].at - order.created_at > 60 * DAY and order.steps[-1].at <= world.span.end
    ]  # fmt: skip
    assert late
