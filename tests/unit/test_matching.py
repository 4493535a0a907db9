"""A scan meets what was expected, or is unexpected; it is never guessed."""

import sys
from types import FrameType
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.matching import Book, Expected, Line, Match, Scan, match, next_piece
from tests.unit import plain_matching

U1, U2 = UUID(int=1), UUID(int=2)


def book(expected: list[Expected] | None = None, **changes: object) -> Book:
    facts: dict[str, object] = {
        "order_of_code": {"700": "o700", "701": "o701"},
        "orders_of_waybill": {"WB1": ["o700"]},
        "lines": {
            "o700": [Line("o700", "e700", "LAMP", 2, 0)],
            "o701": [Line("o701", "e701", "CUP", 1, 0), Line("o701", "e702", "LAMP", 1, 0)],
        },
        "expected": expected or [],
        "sku_of_ean": {"4870": ["LAMP"], "4871": ["CUP", "MUG"]},
    }
    return Book(**{**facts, **changes})  # type: ignore[arg-type]


def scan(n: int = 1, **read: str) -> Scan:
    return Scan("w1", f"s{n}", **read)


def test_a_return_label_finds_the_expected_unit_and_its_application() -> None:
    met = match(scan(return_label="700-2-R", sku="LAMP"), book([Expected(U1, "o700", "e700", "LAMP")]))
    assert (met.kind, met.unit_id, met.application) == ("meets", U1, "700-2")


def test_a_label_of_a_unit_already_received_is_a_duplicate_scan() -> None:
    here = book([Expected(U1, "o700", "e700", "LAMP")])
    assert match(scan(1, unit_label="L1", order_code="700", sku="LAMP"), here).kind == "meets"
    assert match(scan(2, unit_label="L1", order_code="700", sku="LAMP"), here).kind == "duplicate"


def test_one_expectation_is_met_once_and_the_next_piece_is_born_on_the_line() -> None:
    here = book([Expected(U1, "o700", "e700", "LAMP")])
    assert match(scan(1, waybill="WB1", sku="LAMP"), here).unit_id == U1
    assert match(scan(2, waybill="WB1", sku="LAMP"), here).kind == "born"


def test_more_than_was_sold_never_comes_back() -> None:
    here = book()
    kinds = [match(scan(n, order_code="700", sku="LAMP"), here).kind for n in range(3)]
    assert kinds == ["born", "born", "unexpected"]


def test_an_ean_alone_needs_exactly_one_open_expectation() -> None:
    assert match(scan(ean="4870"), book([Expected(U1, "o700", "e700", "LAMP")])).unit_id == U1
    two = book([Expected(U1, "o700", "e700", "LAMP"), Expected(U2, "o701", "e702", "LAMP")])
    assert match(scan(ean="4870"), two).kind == "unexpected"


def test_the_wrong_goods_under_a_label_still_meet_what_the_label_was_printed_for() -> None:
    met = match(scan(return_label="700-1-R", sku="BRICK"), book([Expected(U1, "o700", "e700", "LAMP")]))
    assert (met.kind, met.unit_id) == ("meets", U1)


def test_goods_of_an_order_that_does_not_hold_them_are_not_given_to_another_order() -> None:
    here = book([Expected(U1, "o701", "e702", "LAMP")])
    assert match(scan(order_code="700", sku="CUP"), here).kind == "unexpected"


def test_goods_that_name_nothing_are_unexpected() -> None:
    met = match(scan(sku="BRICK"), book())
    assert (met.kind, met.sku) == ("unexpected", "BRICK")


def test_a_lost_unit_is_met_by_its_order_after_the_open_ones_and_never_by_an_ean_alone() -> None:
    lost, coming = Expected(U1, "o700", "e700", "LAMP", open=False), Expected(U2, "o701", "e702", "LAMP")
    assert match(scan(ean="4870"), book([coming, lost])).unit_id == U2
    assert match(scan(ean="4870"), book([lost])).kind == "unexpected"
    assert match(scan(order_code="700", sku="LAMP"), book([coming, lost])).unit_id == U1


def test_goods_sold_under_a_resale_sku_are_known_by_their_ean() -> None:
    here = book(lines={"o700": [Line("o700", "e700", "LAMPR", 1, 0)]}, offers_of_sku={"LAMP": ["LAMPR"]})
    met = match(scan(order_code="700", ean="4870"), here)
    assert (met.kind, met.sku) == ("born", "LAMPR")


def two_lines(*expected: Expected, **changes: object) -> Book:
    lines = {"o701": [Line("o701", "e701", "CUP", 1, 0), Line("o701", "e702", "LAMP", 2, 0)]}
    return book(list(expected), **{"lines": lines, **changes})


def test_a_label_alone_meets_its_own_applications_piece_and_not_the_oldest() -> None:
    here = two_lines(
        Expected(U1, "o701", "e701", "CUP", application="701-1"),
        Expected(U2, "o701", "e702", "LAMP", application="701-2"),
    )
    assert match(scan(return_label="701-2-R"), here).unit_id == U2
    assert match(scan(2, return_label="701-1-R"), here).unit_id == U1


def test_of_two_applications_on_one_line_each_label_meets_its_own() -> None:
    here = two_lines(
        Expected(U1, "o701", "e702", "LAMP", application="701-1"),
        Expected(U2, "o701", "e702", "LAMP", application="701-2"),
    )
    assert match(scan(return_label="701-2-R", sku="LAMP"), here).unit_id == U2
    assert match(scan(2, return_label="701-2-R", sku="LAMP", order_code="701"), here).kind != "meets"
    assert match(scan(3, return_label="701-1-R", ean="4870"), here).unit_id == U1


def test_a_label_takes_what_no_application_asks_for_before_anything_is_born() -> None:
    here = two_lines(
        Expected(U1, "o701", "e702", "LAMP", application="701-1"), Expected(U2, "o701", "e702", "LAMP", open=False)
    )
    assert match(scan(return_label="701-2-R", sku="LAMP"), here).unit_id == U2


def test_a_label_whose_application_expects_nothing_more_gives_birth_on_its_line() -> None:
    met = match(scan(return_label="701-2-R"), two_lines(line_of_application={"701-2": "e702"}))
    assert (met.kind, met.entry_id, met.piece, met.application) == ("born", "e702", 1, "701-2")


def test_a_label_of_an_unknown_application_names_the_order_and_no_line() -> None:
    here = two_lines(Expected(U1, "o701", "e701", "CUP", application="701-1"))
    met = match(scan(return_label="701-2-R"), here)
    assert met == Match("born", order_id="o701", application="701-2")
    assert match(scan(2, order_code="701", sku="CUP"), here).unit_id == U1


def test_pieces_without_a_line_are_capped_at_what_the_order_sold() -> None:
    here = two_lines(unplaced={"o701": 1})
    kinds = [match(scan(n, return_label="701-2-R"), here).kind for n in range(3)]
    assert kinds == ["born", "born", "unexpected"]
    assert match(scan(9, order_code="701", sku="LAMP"), here).kind == "unexpected"


@pytest.mark.parametrize("read", [{}, {"ean": "0"}])
@pytest.mark.parametrize("named", [{"order_code": "701"}, {"waybill": "WB2"}])
def test_an_order_without_a_product_it_can_read_says_nothing_of_its_lines(
    named: dict[str, str], read: dict[str, str]
) -> None:
    waybills = {"WB2": ["o701"]}
    here = two_lines(Expected(U1, "o701", "e701", "CUP"), orders_of_waybill=waybills)
    assert match(scan(**named, **read), here) == Match("unexpected")
    one_line = book([Expected(U1, "o700", "e700", "LAMP")])
    assert match(scan(order_code="700", **read), one_line).unit_id == U1
    assert match(scan(2, waybill="WB1", **read), one_line).kind == "born"


def test_a_parcel_of_two_orders_is_no_single_line() -> None:
    lines = {"o700": [Line("o700", "e700", "LAMP", 1, 0)], "o701": [Line("o701", "e701", "CUP", 1, 0)]}
    here = book([Expected(U1, "o700", "e700", "LAMP")], lines=lines, orders_of_waybill={"WB1": ["o700", "o701"]})
    assert match(scan(waybill="WB1"), here).kind == "unexpected"


@pytest.mark.parametrize("named", [{"order_code": "999"}, {"waybill": "WB9"}, {"return_label": "999-1-R"}])
def test_an_order_that_is_not_here_yet_is_no_other_order(named: dict[str, str]) -> None:
    here = book([Expected(U1, "o700", "e700", "LAMP")])
    assert match(scan(ean="4870", **named), here) == Match("unexpected", sku="LAMP")


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "return_label": st.sampled_from(["700-1-R", "701-1-R", "701-2-R", "999-1-R", "nonsense"]),
                "waybill": st.sampled_from(["WB1", "WB9"]),
                "order_code": st.sampled_from(["700", "701", "999"]),
                "ean": st.sampled_from(["4870", "4871", "0"]),
                "sku": st.sampled_from(["LAMP", "CUP", "BRICK"]),
            },
        ),
        max_size=12,
    )
)
def test_no_unit_is_met_twice_and_no_line_gives_more_than_was_sold(reads: list[dict[str, str]]) -> None:
    here = book(
        [
            Expected(U1, "o700", "e700", "LAMP", application="700-1"),
            Expected(U2, "o701", "e701", "CUP", application="701-1"),
        ],
        line_of_application={"701-1": "e701"},
    )
    matches = [match(scan(n, **read), here) for n, read in enumerate(reads)]
    met = [one.unit_id for one in matches if one.kind == "meets"]
    assert len(met) == len(set(met))
    assert all(one.application in (None, {U1: "700-1", U2: "701-1"}[one.unit_id]) for one in matches if one.unit_id)
    born = [(one.entry_id, one.piece) for one in matches if one.kind == "born" and one.entry_id]
    assert len(born) == len(set(born))
    assert all((piece or 0) <= {"e700": 2, "e701": 1, "e702": 1}[str(entry)] for entry, piece in born)
    assert all(sum(one.kind == "born" and one.order_id == order for one in matches) <= 2 for order in ("o700", "o701"))


ORDERS, GOODS = ("o700", "o701", "o702"), ("LAMP", "CUP", "MUG")
lines = st.lists(
    st.tuples(st.sampled_from(ORDERS), st.sampled_from(GOODS), st.integers(1, 3), st.integers(0, 2)), max_size=6
)
expectations = st.lists(
    st.tuples(st.integers(0, 5), st.booleans(), st.none() | st.sampled_from(("700-1", "700-2", "701-1"))), max_size=8
)
reads = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "unit_label": st.sampled_from(("L1", "L2")),
            "return_label": st.sampled_from(("700-1-R", "700-2-R", "701-1-R", "799-1-R")),
            "waybill": st.sampled_from(("WB1", "WB2", "WB9")),
            "order_code": st.sampled_from(("700", "701", "702", "799")),
            "ean": st.sampled_from(("4870", "4871", "0")),
            "sku": st.sampled_from(GOODS),
        },
    ),
    max_size=12,
)  # fmt: skip
placed = st.lists(st.integers(0, 5), max_size=3)


@given(lines, expectations, reads, st.booleans(), placed)
def test_looked_up_or_searched_for_the_decisions_are_the_same(
    sold: list[tuple[str, str, int, int]],
    coming: list[tuple[int, bool, str | None]],
    told: list[dict[str, str]],
    offers: bool,
    given_later: list[int],
) -> None:
    """Batch after batch of scans, against a book that is read from the first to the last page each time."""
    of_order: dict[str, list[Line]] = {}
    for n, (order, sku, pieces, born) in enumerate(sold):
        of_order.setdefault(order, []).append(Line(order, f"e{n}", sku, pieces, born))
    every = [line for found in of_order.values() for line in found]
    expected = [
        Expected(UUID(int=n + 1), every[at % len(every)].order_id, every[at % len(every)].entry_id,
                 every[at % len(every)].sku, is_open, application)
        for n, (at, is_open, application) in enumerate(sorted(coming, key=lambda one: not one[1]))
        if every
    ]  # fmt: skip

    def facts() -> dict[str, object]:
        return {
            "order_of_code": {"700": "o700", "701": "o701", "702": "o702"},
            "orders_of_waybill": {"WB1": ["o700", "o701"], "WB2": ["o702"]},
            "lines": {order: list(found) for order, found in of_order.items()},
            "expected": list(expected),
            "sku_of_ean": {"4870": ["LAMP"], "4871": ["CUP", "MUG"]},
            "offers_of_sku": {"LAMP": ["MUG"]} if offers else {},
            "line_of_application": {"700-2": "e0", "701-1": "e1"},
            "unplaced": {"o701": 1},
        }

    fast, plain = Book(**facts()), plain_matching.Book(**facts())  # type: ignore[arg-type]
    for n, read in enumerate(told):
        one = scan(n, **read)
        assert match(one, fast) == plain_matching.match(one, plain), (n, read)
        if n < len(given_later) and every:
            line = every[given_later[n] % len(every)]
            assert next_piece(fast, line.order_id, line.entry_id) == plain_matching.next_piece(
                plain, line.order_id, line.entry_id
            )


@pytest.mark.parametrize("kind", ["lines of one order", "pieces of one barcode", "goods of nobody"])
def test_a_scan_costs_the_same_in_a_batch_of_any_size(kind: str) -> None:
    """Counted in what a scan looks at, not in seconds: ten times the batch, ten times the work."""

    def looked_at(count: int) -> int:
        one_line = kind != "lines of one order"
        line = [Line("o700", f"e{n}", "LAMP" if one_line else f"S{n}", count if one_line else 1, 0)
                for n in range(1 if one_line else count)]  # fmt: skip
        expected = [] if kind == "goods of nobody" else [
            Expected(UUID(int=n + 1), "o700", "e0" if one_line else f"e{n}", "LAMP" if one_line else f"S{n}")
            for n in range(count)
        ]  # fmt: skip
        here = book(expected, lines={"o700": line})
        reads = [
            {"sku": "BRICK"}
            if kind == "goods of nobody"
            else {"order_code": "700", "sku": "LAMP" if one_line else f"S{n}"}
            for n in range(count)
        ]
        calls = 0

        def count_lines(frame: FrameType, event: str, _: object) -> object:
            nonlocal calls
            calls += event == "line"
            return count_lines

        before = sys.gettrace()
        sys.settrace(count_lines)
        try:
            kinds = {match(scan(n, **read), here).kind for n, read in enumerate(reads)}
        finally:
            sys.settrace(before)
        assert kinds == {"unexpected" if kind == "goods of nobody" else "meets"}
        return calls

    assert looked_at(1_000) <= 11 * looked_at(100)
