"""The set-based rule says of every unit what the pure one says, whatever the tables hold."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from include.db.connection import Connection, connect
from include.domain.reconcile import VERDICTS, Clocks, Piece, settled, verdict
from include.domain.unit_life import COMING, STATES
from include.flows.onboarding import Store, add_merchant

BEGAN = dt.datetime(2026, 8, 1, 6, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
CLOCKS = Clocks()
ORDERS, LINES = ("o1", "o2"), (("o1", "o1#0", "LAMP"), ("o1", "o1#1", "CUP"), ("o2", "o2#0", "LAMP"))
OPEN_SCAN = ("booked", "waiting")


@dataclass(frozen=True)
class Case:
    """A return case; its order's line is known or not, and so is how many pieces come."""

    order: str
    line: int | None
    quantity: int | None
    application: bool
    signalled: bool
    cancelled: bool


@dataclass(frozen=True)
class UnitRow:
    """A row of ledger.unit with its scans (outcome, the order it names)."""

    state: str
    line: int | None
    case: int | None
    requested: int | None
    received: int | None
    closed: bool
    unexpected: bool
    finding: str | None
    scans: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class Facts:
    """All that a merchant's tables hold, and when it is looked at."""

    cases: list[Case]
    units: list[UnitRow]
    reports: list[tuple[str, str | None, int]]
    now: int
    ids: list[UUID] = field(default_factory=list)


days = st.integers(0, 60)
cases = st.builds(
    Case, st.sampled_from(ORDERS), st.none() | st.integers(0, 2), st.none() | st.integers(1, 2), st.booleans(),
    st.booleans(), st.booleans(),
)  # fmt: skip
scans = st.tuples(
    st.sampled_from(("booked", "waiting", "duplicate_scan", "voided", "rejected", "compared")),
    st.none() | st.sampled_from(("co1", "co2", "co9", "co1-1-R")),
)
lines, held_cases, no_case = st.none() | st.integers(0, 2), st.none() | st.integers(0, 3), st.integers(0, 3)
again = st.lists(scans, max_size=2).map(tuple)
coming = st.builds(
    UnitRow, st.sampled_from((*COMING, "lost", "cancelled")), st.integers(0, 2), no_case, days, st.none(),
    st.booleans(), st.just(False), st.none(), st.just(()),
)  # fmt: skip
came = st.builds(
    UnitRow, st.sampled_from(("received", "wrong_item", "on_sale", "disposed")), st.integers(0, 2), no_case,
    st.none() | days, days, st.booleans(), st.just(False), st.none() | st.just("wrong_item"),
    again.map(lambda more: (("booked", None), *more)),
)  # fmt: skip
loose = st.builds(
    UnitRow, st.sampled_from(("unexpected", "to_supplier")), st.none(), st.none(), st.none(), days, st.booleans(),
    st.just(True), st.none(), scans.map(lambda one: (("waiting", one[1]),)),
)  # fmt: skip
anything = st.builds(
    UnitRow, st.sampled_from(STATES), lines, held_cases, st.none() | days, st.none() | days, st.booleans(),
    st.booleans(), st.none() | st.just("wrong_item"), st.lists(scans, max_size=3).map(tuple),
)  # fmt: skip
units = coming | came | loose | anything
facts = st.builds(
    Facts,
    st.lists(cases, min_size=1, max_size=4),
    st.lists(units, min_size=1, max_size=7),
    st.lists(st.tuples(st.sampled_from(ORDERS), st.none() | st.sampled_from(("LAMP", "CUP")), days), max_size=3),
    st.integers(0, 80),
)


@pytest.fixture(scope="module")
def conn(new_warehouse: Callable[[], str]) -> Iterator[Connection]:
    with connect(new_warehouse()) as here:
        add_merchant(here, "m", name="M", stores=[Store("PP1", "W1", base_includes_returns=False)])
        for order in ORDERS:
            here.execute(
                "insert into core.customer_order (merchant_id, order_id, code, state, status, total_price, created_at, "
                "payload_hash) values ('m', %s, %s, 'ARCHIVE', 'COMPLETED', 1, %s, '')",
                (order, f"c{order}", BEGAN),
            )
        for order, entry, sku in LINES:
            here.execute(
                "insert into core.order_line (merchant_id, order_id, entry_id, entry_number, sku, quantity, "
                "base_price, total_price) values ('m', %s, %s, 0, %s, 9, 100, 900)",
                (order, entry, sku),
            )
        here.commit()
        yield here


def day(number: int | None) -> dt.datetime | None:
    return None if number is None else BEGAN + number * DAY


def place_of(held: Facts, unit: UnitRow, number: int) -> int | None:
    """A piece's number on its line: the how manieth unit of it this is."""
    if unit.line is None:
        return None
    return 1 + sum(other.line == unit.line for other in held.units[:number])


def case_of(held: Facts, unit: UnitRow) -> int | None:
    return None if unit.case is None else unit.case % len(held.cases)


def order_of(held: Facts, unit: UnitRow) -> str | None:
    """A unit's order is that of its line, else of its case."""
    if unit.line is not None:
        return LINES[unit.line][0]
    case = case_of(held, unit)
    return None if case is None else held.cases[case].order


def sku_of(unit: UnitRow) -> str:
    return LINES[unit.line][2] if unit.line is not None else "LAMP"


def write(conn: Connection, held: Facts) -> list[UUID]:
    ids = [UUID(int=n + 1) for n in range(len(held.units))]
    for n, case in enumerate(held.cases):
        conn.execute(
            "insert into core.return_case (case_id, merchant_id, order_id, episode, entry_id, application_number, "
            "return_kind, status, signal_status, quantity, units_lo, units_hi, requested_from, requested_to) "
            "values (%s, 'm', %s, %s, %s, %s, 'unknown', %s, %s, %s, 1, 9, %s, %s)",
            (
                UUID(int=900 + n), case.order, n, None if case.line is None else LINES[case.line][1],
                f"a{n}" if case.application else None, "cancelled" if case.cancelled else "applied",
                "RETURNED" if case.signalled else None, case.quantity, BEGAN, BEGAN,
            ),
        )  # fmt: skip
        if case.application:
            conn.execute(
                "insert into core.application (merchant_id, application_number, order_id, case_id, order_code, "
                "quantity, stated_reason, created_at) values ('m', %s, %s, %s, 'c', 1, 'unknown', %s)",
                (f"a{n}", case.order, UUID(int=900 + n), BEGAN),
            )
    position = 0
    for n, unit in enumerate(held.units):
        case = case_of(held, unit)
        conn.execute(
            "insert into ledger.unit (unit_id, merchant_id, state, seq, case_id, order_id, entry_id, piece, sku, "
            "requested_at, received_at, closed_at, unexpected, finding) "
            "values (%s, 'm', %s, 1, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                ids[n], unit.state, None if case is None else UUID(int=900 + case), order_of(held, unit),
                None if unit.line is None else LINES[unit.line][1], place_of(held, unit, n), sku_of(unit),
                day(unit.requested), day(unit.received), day(60) if unit.closed else None, unit.unexpected,
                unit.finding,
            ),
        )  # fmt: skip
        for outcome, named in unit.scans:
            position += 1
            told = {} if named is None else {"return_label" if named.endswith("-R") else "order_code": named}
            _event(conn, position, "received", outcome, ids[n], told, BEGAN)
    for code, sku, at in held.reports:
        position += 1
        told = {"order_code": f"c{code}"} | ({"sku": sku} if sku else {})
        _event(conn, position, "missing_from_parcel", "finding", None, told, BEGAN + at * DAY)
    return ids


def _event(
    conn: Connection, position: int, type_: str, outcome: str, unit_id: UUID | None, told: dict[str, str],
    at: dt.datetime,
) -> None:  # fmt: skip
    conn.execute(
        "insert into core.warehouse_event (source, event_id, merchant_id, type, occurred_at, payload, recorded_at, "
        "\"position\", outcome, unit_id) values ('w1', %s, 'm', %s, %s, %s, %s, %s, %s, %s)",
        (f"e{position}", type_, at, Jsonb(told), at, position, outcome, unit_id),
    )


def pieces(held: Facts, ids: list[UUID]) -> list[Piece]:
    """The facts of each unit as the pure rule wants them, gathered without the database."""
    missing = _missing(held, ids)
    crowd = _crowd(held, ids)
    # a status speaks of the whole order
    signalled = {case.order for case in held.cases if case.signalled}
    first: dict[int, dt.datetime] = {}
    for unit in held.units:
        case, came = case_of(held, unit), day(unit.received)
        if case is not None and came is not None:
            first[case] = min(came, first.get(case, came))
    found = []
    for n, unit in enumerate(held.units):
        case = case_of(held, unit)
        named = {code.split("-")[0] for outcome, code in unit.scans if outcome in OPEN_SCAN and code}
        place, asked = crowd.get(ids[n], (None, None))
        found.append(
            Piece(
                unit.state,
                day(unit.requested),
                day(unit.received),
                closed=unit.closed,
                accepted=any(outcome in OPEN_SCAN for outcome, _ in unit.scans),
                booked=any(outcome == "booked" for outcome, _ in unit.scans),
                has_order=order_of(held, unit) is not None,
                unexpected=unit.unexpected,
                names_known_goods=any(f"c{order}" in named and sku == sku_of(unit) for order, _, sku in LINES),
                found_wrong=unit.finding == "wrong_item",
                announced=case is None or held.cases[case].application or held.cases[case].order in signalled,
                reported_missing=ids[n] in missing,
                first_came=first.get(case) if case is not None and unit.state in COMING else None,
                place=place,
                asked=asked,
            )
        )
    return found


def _missing(held: Facts, ids: list[UUID]) -> set[UUID]:
    reports: dict[tuple[str, str | None], list[int]] = defaultdict(list)
    for order, sku, at in held.reports:
        reports[order, sku].append(at)
    missing: set[UUID] = set()
    for (order, sku), told in reports.items():
        named = [
            (unit, ids[n]) for n, unit in enumerate(held.units)
            if order_of(held, unit) == order and sku in (None, sku_of(unit))
        ]  # fmt: skip
        came = sum(unit.received is not None and unit.received > min(told) for unit, _ in named)
        waiting = sorted(
            (unit.requested is None, unit.requested or 0, unit_id)
            for unit, unit_id in named if unit.received is None and unit.state in (*COMING, "lost")
        )  # fmt: skip
        missing |= {unit_id for *_, unit_id in waiting[: max(0, len(told) - came)]}
    return missing


def _crowd(held: Facts, ids: list[UUID]) -> dict[UUID, tuple[int, int]]:
    found: dict[UUID, tuple[int, int]] = {}
    for line in range(len(LINES)):
        asking = [case for case in held.cases if case.line == line and not case.cancelled]
        here = [(unit, n) for n, unit in enumerate(held.units) if unit.line == line and unit.received is not None]
        high = False
        for unit, n in here:
            case = case_of(held, unit)
            own = None if case is None else held.cases[case]
            number = place_of(held, unit, n) or 0
            high |= bool(own and own.application and own.quantity is not None and number > max(1, own.quantity))
        if not high or not asking or any(case.quantity is None for case in asking):
            continue
        asked = sum(case.quantity or 0 for case in asking)
        for place, (_, _, unit_id) in enumerate(sorted((unit.received, n, ids[n]) for unit, n in here), start=1):
            found[unit_id] = (place, asked)
    return found


seen: Counter[str] = Counter()


@settings(
    max_examples=300, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(held=facts)
def test_the_database_says_of_every_unit_what_the_rule_says(conn: Connection, held: Facts) -> None:
    now = BEGAN + held.now * DAY
    try:
        ids = write(conn, held)
        rows = {
            everything: {
                row["unit_id"]: row
                for row in conn.execute(
                    "select * from core.verdicts('m', %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                    (
                        now,
                        CLOCKS.overdue,
                        CLOCKS.lost,
                        CLOCKS.short,
                        everything,
                        ids,
                        ids,
                        list(ORDERS),
                        [entry for _, entry, _ in LINES],
                        list(ORDERS),
                        ids,
                    ),
                )
            }
            for everything in (True, False)
        }
    finally:
        conn.rollback()
    assert rows[True] == rows[False], "judged by name or all together is the same"
    for unit_id, unit, piece in zip(ids, held.units, pieces(held, ids), strict=True):
        row, found = rows[True][unit_id], verdict(piece, CLOCKS, now)
        assert row["verdict"] == found, piece
        seen[found] += 1
        assert row["settled"] == settled(piece, found)
        assert row["turns_at"] == (
            piece.first_came + CLOCKS.short if found == "expected" and piece.first_came else None
        )
        assert row["repeats"] == sum(outcome == "duplicate_scan" for outcome, _ in unit.scans)


def test_every_verdict_was_met() -> None:
    assert set(seen) == set(VERDICTS), seen
