"""Sold again, in the warehouse: what an order reserves, a hand-over sells, a cancellation or a correction frees."""

from collections.abc import Callable, Iterator
from uuid import UUID

import pytest

from include.db.connection import connect
from tests.db.restock_world import Offer, RestockWorld, at


@pytest.fixture
def world(new_warehouse: Callable[[], str]) -> Iterator[RestockWorld]:
    with RestockWorld(new_warehouse(), {"A1": Offer("A1")}).served() as made:
        made.onboard()
        yield made


def on_sale(world: RestockWorld, *labels: str) -> list[UUID]:
    """Units behind A1R, first in first, on Kaspi since hour 2.3."""
    units = [world.unit(label, "A1", 1 + n / 10, route="resale", grade="B") for n, label in enumerate(labels)]
    world.restock(2)
    world.fetched(2.3)
    return units


def sales(world: RestockWorld) -> list[tuple[object, ...]]:
    rows = world.query("select order_id, piece, unit_id, state from channel.sale order by order_id, piece")
    return [tuple(row.values()) for row in rows]


def seen(world: RestockWorld, code: str, status: str, hours: float) -> None:
    """The sweep saw the order in this status for the first time."""
    with connect(world.dsn) as conn:
        conn.execute(
            """
            insert into core.order_observation (merchant_id, order_id, status, state, seen_from, seen_to, episode)
            select 'm', %(code)s, %(status)s, 'ARCHIVE', %(from)s, %(to)s, 1 + count(*)
            from core.order_observation
            where order_id = %(code)s
            """,
            {"code": code, "status": status, "from": at(hours - 0.25), "to": at(hours)},
        )


def test_the_first_on_the_shelf_is_the_first_to_go(world: RestockWorld) -> None:
    first, second, third = on_sale(world, "U1", "U2", "U3")
    world.order("o1", "A1R", 2.5)
    world.order("o2", "A1R", 2.6)
    world.restock(3)

    assert sales(world) == [("o1", 1, first, "reserved"), ("o2", 1, second, "reserved")]
    world.order("o1", "A1R", 2.5, status="CANCELLED")
    world.order("o3", "A1R", 3.5)
    world.restock(4)

    assert sales(world) == [("o1", 1, first, "freed"), ("o2", 1, second, "reserved"), ("o3", 1, first, "reserved")]
    assert world.state(third) == "on_sale"


def test_what_the_merchant_delivers_himself_is_sold_when_the_buyer_has_it(world: RestockWorld) -> None:
    """No courier takes it over, so no hand-over is ever told."""
    (unit,) = on_sale(world, "U1")
    world.order("o1", "A1R", 2.5)
    world.restock(3)
    world.order("o1", "A1R", 2.5, status="COMPLETED")
    seen(world, "o1", "COMPLETED", 9)

    world.restock(10)

    assert sales(world) == [("o1", 1, unit, "sold")]
    assert world.one("select resold_at from ledger.unit where state = 'resold'") == at(9)


def test_a_cancellation_after_the_hand_over_frees_nothing(world: RestockWorld) -> None:
    (unit,) = on_sale(world, "U1")
    world.order("o1", "A1R", 2.5, handed_over=2.8)
    world.restock(3)
    world.order("o1", "A1R", 2.5, handed_over=2.8, status="CANCELLING")
    world.restock(4)

    assert sales(world) == [("o1", 1, unit, "sold")]
    assert "A1R" not in world.shown()  # it is on its way back: a unit again when it is scanned at the dock


def test_a_sale_that_a_person_takes_back_frees_the_unit_for_the_next_order(world: RestockWorld) -> None:
    (unit,) = on_sale(world, "U1")
    world.order("o1", "A1R", 2.5, handed_over=2.8)
    world.restock(3)
    mistake = world.one("select event_id from ledger.unit_event where type = 'resold'")
    world.book(world.event(unit, "voided", at(3.5), "supervisor", event_id=str(mistake)))
    world.order("o2", "A1R", 4.2)

    world.restock(4.5)

    assert sales(world) == [("o1", 1, unit, "freed"), ("o2", 1, unit, "reserved")]
    world.order("o2", "A1R", 4.2, handed_over=5)
    world.restock(6)
    assert world.one("select sold_order_id from ledger.unit where state = 'resold'") == "o2"
    before = world.business_rows()
    world.restock(7)
    assert world.business_rows() == before


def test_a_reserved_unit_that_is_taken_off_sale_leaves_its_order_to_the_next_unit(world: RestockWorld) -> None:
    first, second = on_sale(world, "U1", "U2")
    world.order("o1", "A1R", 2.5)
    world.restock(3)
    assert sales(world) == [("o1", 1, first, "reserved")]
    world.book(world.event(first, "withdrawn", at(3.2), "supervisor"))
    world.order("o1", "A1R", 2.5, handed_over=3.5)

    world.restock(4)

    assert sales(world) == [("o1", 1, second, "sold")]
    assert [world.state(unit) for unit in (first, second)] == ["inspected", "resold"]
    assert world.query("select * from ledger.event_inbox") == []


def test_a_piece_taken_out_of_its_order_is_freed(world: RestockWorld) -> None:
    first, second = on_sale(world, "U1", "U2")
    world.order("o1", "A1R", 2.5, quantity=2)
    world.restock(3)
    with connect(world.dsn) as conn:
        conn.execute("update core.order_line set quantity = 1 where order_id = 'o1'")
    world.order("o1", "A1R", 2.5, handed_over=3.5)

    world.restock(4)

    assert sales(world) == [("o1", 1, first, "sold"), ("o1", 2, second, "freed")]
    assert world.shown()["A1R"] == (1, 9_250)


def test_a_clock_that_went_back_forgets_no_sale(world: RestockWorld) -> None:
    on_sale(world, "U1", "U2")
    world.order("o1", "A1R", 2.5)
    world.order("o2", "A1R", 5, handed_over=5.5)
    world.restock(6)
    before = world.business_rows()

    assert world.restock(3) == "published"  # a run of an earlier moment, begun later

    assert world.business_rows() == before
