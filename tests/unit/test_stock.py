"""Which sale takes which returned unit; how many pieces an offer may show."""

import datetime as dt
from collections import Counter
from dataclasses import replace
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from include.domain.stock import SCAN_GRACE, Line, Listed, Sale, Scanned, attribute

START = dt.datetime(2026, 11, 1, 9, tzinfo=dt.UTC)
FIFO, SCAN = {"PP1": False}, {"PP1": True}
FIFO_EVERYWHERE = {"PP1": False, "PP2": False}


def at(hours: float) -> dt.datetime:
    return START + dt.timedelta(hours=hours)


def unit(number: int) -> UUID:
    return UUID(int=number)


def listed(number: int, since: float, sku: str = "AR", *, ready: float | None = None) -> Listed:
    return Listed(unit(number), sku, "PP1", at(since), at(since - 1 if ready is None else ready))


def line(name: str, ordered: float, **facts: object) -> Line:
    given = {
        "entry_id": f"{name}#0", "order_id": name, "code": name, "offer_sku": "AR", "store_id": "PP1", "main": False,
        "quantity": 1, "price": 9_250, "ordered_at": at(ordered), "handed_over_at": None, "cancelled": False, **facts,
    }  # fmt: skip
    return Line(**given)  # type: ignore[arg-type]


def by_order(sales: list[Sale]) -> dict[str, list[tuple[str, UUID]]]:
    found: dict[str, list[tuple[str, UUID]]] = {}
    for sale in sales:
        found.setdefault(sale.order_id, []).append((sale.state, sale.unit_id))
    return found


def test_orders_take_the_oldest_unit_on_sale_first() -> None:
    sales = attribute([line("b", 6), line("a", 5)], [listed(1, 2), listed(2, 1)], [], [], FIFO, at(7))

    assert by_order(sales) == {"a": [("reserved", unit(2))], "b": [("reserved", unit(1))]}


def test_of_units_published_together_the_first_on_the_shelf_goes_first() -> None:
    units = [listed(1, 3, ready=2), listed(2, 3, ready=1), listed(3, 6, ready=0)]

    sales = attribute([line("a", 5)], units, [], [], FIFO, at(7))

    assert by_order(sales) == {"a": [("reserved", unit(2))]}  # the third was not on sale yet


def test_hand_over_sells_and_cancellation_frees() -> None:
    known = attribute([line("a", 5), line("b", 6)], [listed(1, 1), listed(2, 2)], [], [], FIFO, at(7))
    moved = [line("a", 5, handed_over_at=at(8)), line("b", 6, cancelled=True, cancelled_at=at(9))]

    sales = attribute(moved, [listed(1, 1), listed(2, 2)], known, [], FIFO, at(10))

    assert by_order(sales) == {"a": [("sold", unit(1))], "b": [("freed", unit(2))]}
    assert [sale.sold_at or sale.freed_at for sale in sales] == [at(8), at(9)]


def test_a_freed_unit_goes_to_the_next_order() -> None:
    known = attribute([line("a", 5)], [listed(1, 1)], [], [], FIFO, at(6))
    lines = [line("a", 5, cancelled=True, cancelled_at=at(6)), line("b", 7)]

    sales = attribute(lines, [listed(1, 1)], known, [], FIFO, at(8))

    assert by_order(sales) == {"a": [("freed", unit(1))], "b": [("reserved", unit(1))]}


def test_history_never_takes_a_unit_that_was_not_yet_on_sale() -> None:
    assert attribute([line("a", 1, handed_over_at=at(2))], [listed(1, 3)], [], [], FIFO, at(9)) == []


def test_a_line_of_several_pieces_takes_as_many_units_as_there_are() -> None:
    sales = attribute([line("a", 5, quantity=3)], [listed(1, 1), listed(2, 2)], [], [], FIFO, at(6))

    assert [(sale.piece, sale.unit_id) for sale in sales] == [(1, unit(1)), (2, unit(2))]


def test_a_sale_of_the_main_sku_counts_against_the_base_while_it_shows_any() -> None:
    base = {"offer_sku": "A", "main": True, "base_version": 1, "base_count": 2}
    lines = [line("a", 5, **base), line("b", 6, **base), line("c", 7, **base)]

    sales = attribute(lines, [listed(1, 1, "A")], [], [], FIFO, at(8))

    assert by_order(sales) == {"c": [("reserved", unit(1))]}


def test_a_new_base_list_counts_anew_and_an_unknown_count_is_enough() -> None:
    first = {"offer_sku": "A", "main": True, "base_version": 1, "base_count": 1}
    second = {**first, "base_version": 2}
    unknown = {**first, "base_version": None, "base_count": None}
    lines = [line("a", 5, **first), line("b", 6, **second), line("c", 7, **second), line("d", 8, **unknown)]

    sales = attribute(lines, [listed(1, 1, "A"), listed(2, 1, "A")], [], [], FIFO, at(9))

    assert by_order(sales) == {"c": [("reserved", unit(1))]}


def test_a_cancelled_order_does_not_use_the_base_up() -> None:
    base = {"offer_sku": "A", "main": True, "base_version": 1, "base_count": 1}
    lines = [line("a", 5, cancelled=True, **base), line("b", 6, **base)]

    assert attribute(lines, [listed(1, 1, "A")], [], [], FIFO, at(8)) == []


def test_the_scan_decides_where_the_store_scans() -> None:
    known = attribute([line("a", 5), line("b", 6)], [listed(1, 1), listed(2, 2)], [], [], SCAN, at(7))
    handed = [line("a", 5, handed_over_at=at(8)), line("b", 6)]
    scan = Scanned(unit(2), "a", "AR", at(8))

    sales = attribute(handed, [listed(1, 1)], known, [scan], SCAN, at(9))

    assert by_order(sales) == {"a": [("sold", unit(2))], "b": [("reserved", unit(1))]}
    assert all(sale.attribution == "scan" for sale in sales)


def test_a_main_sku_sale_that_nobody_scanned_came_from_the_base() -> None:
    base = {"offer_sku": "A", "main": True, "base_version": 1, "base_count": 0, "handed_over_at": at(8)}
    known = attribute([line("a", 5, **base)], [listed(1, 1, "A")], [], [], SCAN, at(9))
    assert by_order(known) == {"a": [("reserved", unit(1))]}

    sales = attribute([line("a", 5, **base)], [listed(1, 1, "A")], known, [], SCAN, at(8) + SCAN_GRACE * 2)

    assert by_order(sales) == {"a": [("freed", unit(1))]}


def test_each_store_has_a_base_of_its_own() -> None:
    here = {"offer_sku": "A", "main": True, "base_version": 1, "base_count": 1}
    lines = [line("a", 5, **here), line("b", 6, **here, store_id="PP2"), line("c", 7, **here, store_id="PP2")]
    units = [replace(listed(1, 1, "A"), store_id="PP2")]

    sales = attribute(lines, units, [], [], {"PP1": False, "PP2": False}, at(8))

    assert by_order(sales) == {"c": [("reserved", unit(1))]}


def test_a_piece_that_the_order_has_no_more_is_freed() -> None:
    known = attribute([line("a", 5, quantity=2)], [listed(1, 1), listed(2, 2)], [], [], FIFO, at(6))
    smaller = [line("a", 5, quantity=1, handed_over_at=at(8))]

    sales = attribute(smaller, [listed(1, 1), listed(2, 2)], known, [], FIFO, at(9))

    assert [(sale.piece, sale.state) for sale in sales] == [(1, "sold"), (2, "freed")]


def test_a_unit_taken_off_sale_leaves_its_order_to_the_next_one() -> None:
    known = attribute([line("a", 5)], [listed(1, 1), listed(2, 2)], [], [], FIFO, at(6))
    assert by_order(known) == {"a": [("reserved", unit(1))]}

    sales = attribute([line("a", 5, handed_over_at=at(8))], [listed(2, 2)], known, [], FIFO, at(9))

    assert by_order(sales) == {"a": [("sold", unit(2))]}
    assert attribute([line("a", 5, handed_over_at=at(8))], [], known, [], FIFO, at(9)) == []


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Line], list[Listed], dict[str, bool]]:
    units = [
        replace(
            listed(
                number + 1, draw(st.integers(0, 20)), draw(st.sampled_from(["A", "AR"])), ready=draw(st.integers(-5, 0))
            ),
            store_id=draw(st.sampled_from(["PP1", "PP2"])),
        )
        for number in range(draw(st.integers(0, 6)))
    ]
    lines = []
    for number in range(draw(st.integers(0, 8))):
        main = draw(st.booleans())
        ordered = draw(st.integers(0, 30))
        cancelled = draw(st.booleans())
        handed = not cancelled and draw(st.booleans())
        lines.append(
            line(
                f"o{number}", ordered, offer_sku="A" if main else "AR", main=main, quantity=draw(st.integers(1, 3)),
                cancelled=cancelled, cancelled_at=at(ordered + 1) if cancelled else None,
                handed_over_at=at(ordered + 3) if handed else None,
                base_version=1, base_count=draw(st.sampled_from([0, 0, 1, 2])),
                store_id=draw(st.sampled_from(["PP1", "PP2"])),
            )
        )  # fmt: skip
    return lines, units, {"PP1": draw(st.booleans()), "PP2": draw(st.booleans())}


@given(worlds())
def test_no_unit_is_sold_twice_and_a_second_look_changes_nothing(
    world: tuple[list[Line], list[Listed], dict[str, bool]],
) -> None:
    lines, units, pick_scan = world
    now = at(100)

    sales = attribute(lines, units, [], [], pick_scan, now)

    held = [sale.unit_id for sale in sales if sale.state != "freed"]
    assert len(held) == len(set(held))
    since = {one.unit_id: one.since for one in units}
    offer = {one.unit_id: one.offer_sku for one in units}
    pieces = {one.entry_id: one.quantity for one in lines}
    assert all(since[sale.unit_id] <= sale.reserved_at and offer[sale.unit_id] == sale.offer_sku for sale in sales)
    assert all(1 <= sale.piece <= pieces[sale.entry_id] for sale in sales)
    assert attribute(lines, units, sales, [], pick_scan, now) == sales
    assert attribute(list(reversed(lines)), list(reversed(units)), [], [], pick_scan, now) == sales


def plainly(lines: list[Line], units: list[Listed]) -> dict[tuple[str, int], UUID | None]:
    """What domain.md says, one order after the other: the unit of each standing piece; None: the base, or nothing."""
    base: Counter[tuple[str, str, int | None]] = Counter()
    shelf = sorted(units, key=lambda one: (one.ready_at, one.since, one.unit_id))
    took: dict[tuple[str, int], UUID | None] = {}
    for one in sorted(lines, key=lambda one: (one.ordered_at, one.code)):
        for piece in range(1, one.quantity + 1) if not one.cancelled else ():
            mine = (one.offer_sku, one.store_id, one.base_version)
            if one.main and (one.base_count is None or base[mine] < one.base_count):
                base[mine] += 1
                took[one.entry_id, piece] = None
                continue
            fits = [
                unit
                for unit in shelf
                if (unit.offer_sku, unit.store_id) == (one.offer_sku, one.store_id) and unit.since <= one.ordered_at
            ]
            if fits:
                shelf.remove(fits[0])
            took[one.entry_id, piece] = fits[0].unit_id if fits else None
    return took


@given(worlds())
def test_without_scans_every_piece_is_taken_off_the_base_or_off_the_oldest_unit_and_never_off_both(
    world: tuple[list[Line], list[Listed], dict[str, bool]],
) -> None:
    lines, units, _ = world

    sales = attribute(lines, units, [], [], FIFO_EVERYWHERE, at(100))

    assert {sale.key: sale.unit_id for sale in sales} == {
        key: unit_id for key, unit_id in plainly(lines, units).items() if unit_id
    }


@given(worlds(), st.data())
def test_as_orders_move_on_what_is_sold_stays_sold_and_no_unit_is_given_twice(
    world: tuple[list[Line], list[Listed], dict[str, bool]], data: st.DataObject
) -> None:
    """The same orders as they were seen hour after hour: placed, handed over or cancelled, units taken off sale."""
    ends, units, pick_scan = world
    sales: list[Sale] = []
    for hour in sorted(data.draw(st.sets(st.integers(0, 60), min_size=1, max_size=6))):
        seen = [
            replace(
                one,
                handed_over_at=one.handed_over_at if one.handed_over_at and one.handed_over_at <= at(hour) else None,
                cancelled=bool(one.cancelled and one.cancelled_at and one.cancelled_at <= at(hour)),
            )
            for one in ends
            if one.ordered_at <= at(hour)
        ]
        units = [one for one in units if data.draw(st.integers(0, 9))]
        gone = {sale.unit_id for sale in sales if sale.state == "sold"}
        before, offered = sales, [one for one in units if one.unit_id not in gone and one.since <= at(hour)]

        sales = attribute(seen, offered, before, [], pick_scan, at(hour))

        held = Counter(sale.unit_id for sale in sales if sale.state != "freed")
        assert not held or max(held.values()) == 1
        now = {sale.key: sale for sale in sales}
        assert len(now) == len(sales)
        assert all(now[sale.key] == sale for sale in before if sale.state != "reserved")
        assert all(sale.unit_id in {one.unit_id for one in offered} for sale in sales if sale.state == "reserved")
        assert attribute(seen, offered, sales, [], pick_scan, at(hour)) == sales
