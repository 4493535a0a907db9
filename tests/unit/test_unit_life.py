"""The law of a unit's life: what is legal, what is not, and that history decides alone."""

import datetime as dt
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.unit_life import (
    BORN,
    ENDS,
    HERE,
    LIFE,
    STATES,
    STAYS,
    Event,
    IllegalEvent,
    Unit,
    apply,
    check,
    project,
    reachable,
)

UNIT = UUID(int=1)
NOON = dt.datetime(2026, 11, 2, 7, tzinfo=dt.UTC)
PAYLOADS = {
    "requested": {"case_id": str(UUID(int=2)), "order_id": "o", "entry_id": "e", "piece": 1, "sku": "S"},
    "received": {"source": "w1", "scan_id": "s1"},
    "unexpected": {"source": "w1", "scan_id": "s1"},
    "inspected": {"grade": "A", "finding": "no_fault", "signs_of_use": False},
    "restock_pending": {"channel": "main", "offer_sku": "S"},
    "on_sale": {"proof": "fetched"},
    "resold": {"attribution": "fifo"},
    "placed": {"entry_id": "e", "piece": 1, "sku": "S"},
}


def event(type_: str, n: int = 0, actor: str | None = None, **payload: object) -> Event:
    return Event(
        uuid5(UNIT, f"{type_}/{n}"), UNIT, "shop", type_, NOON + dt.timedelta(hours=n), actor or f"{type_}-{n}", "test",
        {**PAYLOADS.get(type_, {}), **payload},
    )  # fmt: skip


def live(*types: str) -> Unit:
    unit = Unit(UNIT, "shop")
    for n, type_ in enumerate(types):
        step = event(type_, n)
        check(unit, step)
        unit = apply(unit, step)
    return unit


def test_a_returned_unit_goes_back_on_sale_and_is_sold() -> None:
    unit = live("requested", "received", "inspected", "qc_passed", "restock_pending", "on_sale", "resold")
    assert (unit.state, unit.seq, unit.channel, unit.offer_sku) == ("resold", 7, "main", "S")
    assert unit.received_at == NOON + dt.timedelta(hours=1)
    assert unit.closed_at == NOON + dt.timedelta(hours=6)


def test_an_inspection_before_the_receipt_comes_too_early_and_may_come_later() -> None:
    with pytest.raises(IllegalEvent) as refused:
        check(live("requested"), event("inspected"))
    assert refused.value.later


def test_a_second_receipt_of_a_unit_can_never_be_legal() -> None:
    with pytest.raises(IllegalEvent) as refused:
        check(live("requested", "received"), event("received", 9))
    assert not refused.value.later


def test_nobody_checks_his_own_work() -> None:
    unit = live("received")
    unit = apply(unit, event("inspected", 1, actor="Aidos"))
    with pytest.raises(IllegalEvent, match="Aidos"):
        check(unit, event("qc_passed", 2, actor="Aidos"))
    check(unit, event("qc_passed", 2, actor="Dana"))


def test_whoever_inspected_or_repacked_a_unit_may_not_check_it() -> None:
    unit = apply(live("received"), event("inspected", 1, actor="Aidos"))
    unit = apply(unit, event("repacked", 2, actor="Bota"))
    for worker in ("Aidos", "Bota"):
        with pytest.raises(IllegalEvent, match=worker):
            check(unit, event("qc_passed", 3, actor=worker))
    check(unit, event("qc_passed", 3, actor="Dana"))


def test_who_worked_on_a_unit_once_does_not_check_it_after_it_came_back_to_inspection() -> None:
    unit = live("received")
    for n, (type_, actor) in enumerate(
        (("inspected", "Aidos"), ("repacked", "Bota"), ("qc_failed", "Dana"), ("inspected", "Erlan")), start=1
    ):
        check(unit, event(type_, n, actor=actor))
        unit = apply(unit, event(type_, n, actor=actor))
    for worker in ("Aidos", "Bota", "Erlan"):
        with pytest.raises(IllegalEvent, match=worker):
            check(unit, event("qc_passed", 9, actor=worker))
    check(unit, event("qc_passed", 9, actor="Dana"))


def test_work_that_was_voided_keeps_nobody_from_checking_and_what_counts_does() -> None:
    history = [event("received", 1), event("inspected", 2, actor="Aidos"), event("repacked", 3, actor="Bota")]
    history.append(event("voided", 4, event_id=str(history[2].event_id)))
    unit = project(UNIT, "shop", history)
    check(unit, event("qc_passed", 5, actor="Bota"))
    with pytest.raises(IllegalEvent, match="Aidos"):
        check(unit, event("qc_passed", 5, actor="Aidos"))


def test_a_repair_that_was_voided_opens_kaspi_again() -> None:
    history = [event(type_, n) for n, type_ in enumerate(("received", "inspected", "in_repair", "repaired"))]
    assert project(UNIT, "shop", history).repaired
    assert not project(UNIT, "shop", [*history, event("voided", 9, event_id=str(history[3].event_id))]).repaired


def test_a_unit_lies_where_it_was_put_until_it_leaves_the_house() -> None:
    unit = apply(live("received"), event("inspected", 1, zone="repair"))
    unit = apply(unit, event("moved", 2, zone="resellable"))
    assert (unit.zone, unit.state, unit.seq) == ("resellable", "inspected", 3)
    assert apply(unit, event("unrecoverable", 3)).zone == "resellable"
    assert apply(unit, event("returned_to_buyer", 3)).zone is None
    for types in ((), ("requested",), ("received", "inspected", "unrecoverable", "disposed")):
        with pytest.raises(IllegalEvent, match="moved is not legal"):
            check(live(*types), event("moved", 9, zone="dock"))


@pytest.mark.parametrize(
    ("type_", "payload", "reason"),
    [
        ("restock_pending", {"channel": "market"}, "'market' is none of main, resale, off_kaspi"),
        ("resold", {"attribution": "guess"}, "'guess' is none of scan, fifo"),
    ],
)
def test_a_value_that_the_table_would_refuse_is_refused_before(
    type_: str, payload: dict[str, str], reason: str
) -> None:
    ways = {"restock_pending": ("qc_passed",), "resold": ("qc_passed", "restock_pending", "on_sale")}
    unit = live("received", "inspected", *ways[type_])
    with pytest.raises(IllegalEvent, match=reason):
        check(unit, event(type_, 9, **payload))


@pytest.mark.parametrize(
    ("signs_of_use", "steps"),
    [(True, ("qc_passed",)), (False, ("in_repair", "repaired", "qc_passed"))],
)
@pytest.mark.parametrize("channel", ["main", "resale"])
def test_used_or_repaired_goods_never_become_a_kaspi_offer(
    signs_of_use: bool, steps: tuple[str, ...], channel: str
) -> None:
    unit = apply(live("received"), event("inspected", 1, signs_of_use=signs_of_use))
    for n, type_ in enumerate(steps, start=2):
        unit = apply(unit, event(type_, n))
    with pytest.raises(IllegalEvent, match="used or repaired"):
        check(unit, event("restock_pending", 9, channel=channel))
    check(unit, event("restock_pending", 9, channel="off_kaspi"))


def test_a_lost_parcel_may_come_after_all() -> None:
    assert live("requested", "lost", "received").state == "received"
    assert live("requested", "lost", "received").closed_at is None


def test_a_mistake_is_voided_in_reverse_order() -> None:
    history = [event("received", 1), event("inspected", 2), event("unrecoverable", 3)]
    back = project(UNIT, "shop", [*history, event("voided", 4, event_id=str(history[2].event_id))])
    assert (back.state, back.seq) == ("inspected", 4)
    with pytest.raises(IllegalEvent, match="last effective"):
        project(UNIT, "shop", [*history, event("voided", 4, event_id=str(history[0].event_id))])


def test_a_piece_is_placed_on_its_line_wherever_it_is_by_then() -> None:
    ended = live("received", "inspected", "unrecoverable", "disposed")
    for unit in (live("received"), live("received", "wrong_item"), ended):
        check(unit, event("placed", 9))
        after = apply(unit, event("placed", 9))
        assert (after.state, after.closed_at, after.seq) == (unit.state, unit.closed_at, unit.seq + 1)
        assert (after.entry_id, after.piece, after.sku) == ("e", 1, "S")
        with pytest.raises(IllegalEvent, match="line e already"):
            check(after, event("placed", 10, entry_id="e2"))
    assert ended.closed_at is not None
    for types in ((), ("requested",), ("requested", "lost"), ("requested", "cancelled"), ("unexpected",)):
        with pytest.raises(IllegalEvent, match="placed is not legal"):
            check(live(*types), event("placed", 9))
    with pytest.raises(IllegalEvent, match="lacks piece"):
        check(live("received"), event("placed", 9, piece=None))


def test_what_leaves_a_unit_where_it_is_makes_no_state_and_leads_to_none() -> None:
    assert STAYS not in STATES and all(STAYS not in reachable(state) for state in (BORN, *STATES))
    assert set(STATES) - set(HERE) == {"requested", "in_transit", "at_pickup_point", "unexpected", "lost", "cancelled"}


def test_every_state_is_reached_from_birth_and_ends_are_known() -> None:
    assert reachable(BORN) == {BORN, *STATES}
    assert set(STATES) >= ENDS


def test_an_event_without_its_required_payload_is_refused() -> None:
    with pytest.raises(IllegalEvent, match="scan_id"):
        check(Unit(UNIT, "shop"), event("received", scan_id=None))


@given(st.lists(st.sampled_from([rule.type for rule in LIFE]), max_size=25))
def test_whatever_is_tried_only_the_law_moves_a_unit(types: list[str]) -> None:
    unit, booked = Unit(UNIT, "shop"), []
    for n, type_ in enumerate(types):
        step = event(type_, n)
        try:
            rule = check(unit, step)
        except IllegalEvent:
            continue
        assert unit.state in rule.sources
        before, unit = unit, apply(unit, step)
        booked.append(step)
        assert unit.seq == before.seq + 1
        assert unit.state == (before.state if rule.target == STAYS else rule.target)
    assert project(UNIT, "shop", booked) == unit
