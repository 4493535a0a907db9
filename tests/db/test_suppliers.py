"""Suppliers on a real database: whose defect a piece is, shares of it, claims that name a piece once."""

import datetime as dt
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from include.analytics.rates import exact
from include.db.connection import Connection, connect
from include.db.statements import run, text_of
from include.domain.reasons import OWNERS
from include.domain.suppliers import Verdict, counted, fault, not_claimable
from include.flows import suppliers
from include.flows.suppliers import Score, SupplierRefused
from include.locale.words import words
from include.reports.supplier_claim import Paper, claim_pdf
from tests.claim_world import unit
from tests.conftest import TestServer
from tests.supplier_world import (
    BROKEN,
    INSPECTED,
    NOW,
    PERIOD,
    SOUND,
    SUPPLIER,
    WEEK,
    append,
    event,
    furnish,
    life,
    piece,
    prepare,
    wanted,
)

CHECK = "checks/core/supplier_claimed__is_a_live_claim"


@pytest.fixture(scope="module")
def world(new_warehouse: Callable[[], str]) -> str:
    dsn = new_warehouse()
    with connect(dsn) as conn:
        furnish(conn)
    return dsn


@pytest.fixture
def conn(new_warehouse: Callable[[], str]) -> Any:
    """A warehouse of this test's own, with the goods and nothing returned."""
    with connect(new_warehouse()) as connection:
        prepare(connection)
        yield connection


def score(conn: Connection, supplier: str = SUPPLIER, **more: Any) -> Score:
    (found,) = suppliers.scores(conn, ["shop"], more.pop("period", PERIOD), supplier=supplier, **more)
    return found


# --- the view and the rule


def test_the_view_and_the_rule_agree_on_every_piece_there_can_be(conn: Connection) -> None:
    findings, maybe = [*OWNERS, "no_fault"], (True, False, None)
    events, told = [], {}
    combinations = itertools.product(findings, maybe, (True, False), (False, True))
    for n, (finding, intact, used, wrong) in enumerate(combinations, start=1):
        seen = {**SOUND, "finding": finding, "packaging_intact": intact, "signs_of_use": used, "route": "off_kaspi"}
        events += life(n, "KET-1", seen)
        if wrong:
            events.append(event(n, "wrong_item", INSPECTED + dt.timedelta(hours=1)))
        told[unit(n)] = (finding, intact, used)
    append(conn, *events)
    rows = conn.execute("select * from mart.supplier_piece").fetchall()
    assert len(rows) == len(told) == 132
    for row in rows:
        finding, intact, used = told[row["unit_id"]]
        assert (row["finding"], row["packaging_intact"], row["signs_of_use"]) == (finding, intact, used)
        assert row["counted"] == counted(finding, row["state"])
        assert row["fault"] == fault(finding, row["state"], packaging_intact=intact, signs_of_use=used), row
    assert {row["fault"] for row in rows} == {None, "defective", "incomplete"}


def test_what_the_statements_leave_to_claim_is_what_the_rule_does(world: str) -> None:
    with connect(world) as conn:
        rows = conn.execute("select * from mart.supplier_piece where merchant_id = 'shop'").fetchall()
        shown = {row["unit_id"] for row in suppliers.pieces(conn, wanted(show="open"), 100)}
        counts = {one.supplier: one.open_units for one in suppliers.scores(conn, ["shop"], PERIOD)}
    claimable = [
        row for row in rows
        if not_claimable(row["fault"], row["supplier"], row["state"], claimed=row["claim_id"] is not None) is None
    ]  # fmt: skip
    assert {row["unit_id"] for row in claimable if row["supplier"] == SUPPLIER} == shown == {
        unit(n) for n in (1, 2, 3, 6, 8)
    }  # fmt: skip
    for supplier, count in counts.items():
        assert count == sum(row["supplier"] == supplier for row in claimable)


def test_an_inspection_that_was_taken_back_says_nothing(conn: Connection) -> None:
    piece(conn, 1, "KET-1", BROKEN)
    found = conn.execute("select event_id from ledger.unit_event where type = 'inspected'").fetchone()
    assert found is not None and score(conn).returns.found == 1
    append(conn, event(1, "voided", INSPECTED + dt.timedelta(hours=1), event_id=str(found["event_id"])))
    assert conn.execute("select count(*) as n from mart.supplier_piece").fetchone() == {"n": 0}
    append(conn, event(1, "inspected", INSPECTED + dt.timedelta(hours=2), **SOUND))
    assert (score(conn).returns.found, score(conn).returns.counted) == (0, 1)


def test_goods_sold_under_a_resale_sku_that_come_back_are_their_suppliers(conn: Connection) -> None:
    conn.execute(
        "insert into channel.resale_sku (merchant_id, offer_sku, sku, state, state_since) "
        "values ('shop', 'KET1R', 'KET-1', 'linked', %s)",
        (NOW,),
    )
    append(conn, *(replace(one, payload={**one.payload, "sku": "KET1R"}) for one in life(1, "KET-1", BROKEN)))
    (row,) = conn.execute("select * from mart.supplier_piece").fetchall()
    assert (row["supplier"], row["category"], row["batch"], row["sku"]) == (SUPPLIER, "Чайники", "B-1", "KET-1")
    assert (row["unit_cost"], row["agreed_rate"]) == (9_000, Decimal("0.02"))
    assert (score(conn).open_units, score(conn).sold.found) == (1, 1)


def test_what_a_second_inspector_saw_stands_beside_the_inspection_he_looked_at(conn: Connection) -> None:
    piece(conn, 1, "KET-1", BROKEN)
    conn.execute(
        "insert into core.second_look (inspection_id, unit_id, merchant_id, warehouse, drawn_at, first_actor, "
        "second_actor, looked_at, grade, finding) select event_id, unit_id, merchant_id, 'W1', %s, actor, 'w1-other', "
        "%s, 'A', 'no_fault' from ledger.unit_event where type = 'inspected'",
        (NOW, NOW),
    )
    (row,) = suppliers.pieces(conn, wanted(), 10)
    assert row["second_finding"] == "no_fault"
    append(conn, event(1, "inspected", INSPECTED + dt.timedelta(hours=2), **BROKEN))
    (row,) = suppliers.pieces(conn, wanted(), 10)
    assert row["second_finding"] is None, "a supervisor has looked since"


# --- shares


def test_the_shares_are_the_pieces_counted_one_by_one(world: str) -> None:
    with connect(world) as conn:
        found = score(conn)
        rows = conn.execute(
            "select * from mart.supplier_piece where merchant_id = 'shop' and supplier = %s and counted", (SUPPLIER,)
        ).fetchall()
    assert (found.returns.found, found.returns.counted) == (6, 10)
    assert found.returns.counted == len(rows) and found.returns.found == sum(row["fault"] is not None for row in rows)
    share = exact(6, 10)
    assert (found.returns.lo, found.returns.hi) == (share.lo, share.hi)
    assert (found.sold.found, found.sold.counted) == (6, 500)
    # KET-2 is under no agreement: 5 of 450 are compared, with 400 at 2 % and 50 at 1 %
    assert (found.compared_sold.found, found.compared_sold.counted) == (5, 450)
    assert found.agreed == pytest.approx((400 * 0.02 + 50 * 0.01) / 450)
    assert (found.compared_returns.found, found.compared_returns.counted) == (5, 8)
    assert found.compared_returns.agreed == pytest.approx((5 * 0.02 + 3 * 0.01) / 8)
    assert found.verdict is Verdict.TOO_FEW
    assert (found.open_units, found.open_amount, found.open_without_cost) == (5, 3 * 9_000 + 5_000, 1)


def test_categories_days_and_merchants_part_them(world: str) -> None:
    with connect(world) as conn:
        kettles = score(conn, category="Чайники")
        assert (kettles.returns.found, kettles.returns.counted, kettles.sold.counted) == (4, 7, 450)
        first = suppliers.Period(INSPECTED.date(), INSPECTED.date() + dt.timedelta(days=3))
        assert (score(conn, period=first).returns.counted, score(conn, period=first).sold.counted) == (1, 0)
        both = suppliers.scores(conn, ["shop", "other"], PERIOD)
        assert [(one.merchant_id, one.supplier) for one in both] == [
            ("other", "Жарық Импорт"), ("other", SUPPLIER), ("shop", "Жарық Импорт"), ("shop", SUPPLIER),
            ("other", "unknown"), ("shop", "unknown"),
        ]  # fmt: skip
        for by, keys in {
            "sku": {"HP-1", "KET-1", "KET-2"}, "batch": {"B-1", "B-2", "unknown"}, "month": {"2026-10", "2026-11"},
            "finding": {"defective", "incomplete", "no_fault", "damaged_in_transit"},
        }.items():  # fmt: skip
            parts = suppliers.parts(conn, "shop", SUPPLIER, PERIOD)[by]
            assert {part.key for part in parts} == keys
            assert sum(part.rate.counted for part in parts) == 10 and sum(part.rate.found for part in parts) == 6


def test_only_whole_mature_weeks_within_the_days_are_sold(conn: Connection) -> None:
    piece(conn, 1, "KET-1", BROKEN)
    assert (score(conn).sold.found, score(conn).sold.counted) == (1, 500)
    later = suppliers.Period(WEEK + dt.timedelta(days=1), NOW.date())
    assert (score(conn, period=later).sold.counted, score(conn, period=later).returns.found) == (0, 1)
    conn.execute("update mart.cohort_weekly set mature = false where sku = 'KET-1'")
    assert (score(conn).sold.found, score(conn).sold.counted) == (1, 100), "the week of another product is mature"
    conn.execute("update mart.cohort_weekly set mature = false")
    assert score(conn).sold.counted == 0 and suppliers.pieces(conn, wanted(show="found"), 10) == []


def test_a_parcel_that_no_buyer_had_was_not_sold(conn: Connection) -> None:
    piece(conn, 1, "KET-1", BROKEN)
    conn.execute("update core.return_case set return_kind = 'refusal'")
    assert (score(conn).sold.found, score(conn).returns.found) == (0, 1)


@pytest.mark.parametrize("show", ["all", "faults", "open", "claimed", "found"])
def test_every_number_has_its_pieces(world: str, show: str) -> None:
    with connect(world) as conn:
        found = score(conn)
        rows = suppliers.pieces(conn, wanted(show=show), 100)
    assert len(rows) == {
        "all": found.returns.counted, "faults": found.returns.found, "open": found.open_units,
        "claimed": found.claimed, "found": found.sold.found,
    }[show]  # fmt: skip
    assert all(row["listed"] == len(rows) for row in rows)


# --- claims


def made(conn: Connection, **more: Any) -> Any:
    return suppliers.make(conn, wanted(**more), suppliers.compose(conn, wanted(**more)).digest, uuid4(), "aliya", NOW)


def test_a_claim_names_its_pieces_once_and_frees_them_when_it_is_withdrawn(conn: Connection) -> None:
    for n in (1, 2):
        piece(conn, n, "KET-1", BROKEN)
    piece(conn, 3, "HP-1", BROKEN)
    first = made(conn, sku="KET-1")
    (row,) = conn.execute("select * from mart.supplier_claim").fetchall()
    assert (row["claim_id"], row["units"], row["amount"], row["status"]) == (first, 2, 18_000, "live")
    found = score(conn)
    assert (found.claimed, found.open_units) == (2, 1)
    rest = suppliers.compose(conn, wanted()).content["units"]
    assert [one["sku"] for one in rest] == ["HP-1"]
    with pytest.raises(SupplierRefused) as refused:
        suppliers.compose(conn, wanted(sku="KET-1"))
    assert refused.value.code == "nothing"
    with pytest.raises(SupplierRefused) as refused:
        suppliers.withdraw(conn, first, " ", "aliya", NOW)
    assert refused.value.code == "no_reason"
    for _twice in range(2):
        suppliers.withdraw(conn, first, "by mistake", "aliya", NOW)
    assert score(conn).open_units == 3
    assert made(conn) != first
    assert conn.execute(text_of(CHECK).encode()).fetchall() == []


def test_a_form_that_is_sent_twice_makes_one_claim(conn: Connection) -> None:
    piece(conn, 1, "KET-1", BROKEN)
    form, digest = uuid4(), suppliers.compose(conn, wanted()).digest
    ids = {suppliers.make(conn, wanted(), digest, form, "aliya", NOW) for _twice in range(2)}
    assert len(ids) == 1
    assert conn.execute("select count(*) as n from core.supplier_claim").fetchone() == {"n": 1}


def test_what_changed_since_it_was_shown_is_not_claimed(conn: Connection) -> None:
    piece(conn, 1, "KET-1", BROKEN)
    digest = suppliers.compose(conn, wanted()).digest
    piece(conn, 2, "KET-1", BROKEN)
    with pytest.raises(SupplierRefused) as refused:
        suppliers.make(conn, wanted(), digest, uuid4(), "aliya", NOW)
    assert refused.value.code == "changed"
    assert conn.execute("select count(*) as n from core.supplier_claim").fetchone() == {"n": 0}


def test_of_two_who_claim_at_once_one_does(new_warehouse: Callable[[], str]) -> None:
    dsn = new_warehouse()
    with connect(dsn) as conn:
        prepare(conn)
        piece(conn, 1, "KET-1", BROKEN)
        digest = suppliers.compose(conn, wanted()).digest
    outcomes: list[str] = []
    both = threading.Barrier(2)

    def claim(actor: str) -> None:
        with connect(dsn) as mine:
            both.wait()
            try:
                suppliers.make(mine, wanted(), digest, uuid4(), actor, NOW)
                outcomes.append("made")
            except SupplierRefused as refusal:
                outcomes.append(refusal.code)

    threads = [threading.Thread(target=claim, args=(name,)) for name in ("aliya", "beket")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("made") == 1 and set(outcomes) <= {"made", "changed", "nothing"}
    with connect(dsn) as conn:
        assert conn.execute("select count(*) as n from core.supplier_claim_unit").fetchone() == {"n": 1}


@pytest.mark.parametrize("reads_late", [False, True])
def test_a_double_click_makes_one_claim_and_tells_nobody_that_he_lost(
    new_warehouse: Callable[[], str], reads_late: bool
) -> None:
    """The second click comes while the first is being written, and reads the pieces before that or after."""
    dsn = new_warehouse()
    with connect(dsn) as conn:
        prepare(conn)
        piece(conn, 1, "KET-1", BROKEN)
        digest = suppliers.compose(conn, wanted()).digest
    form, outcome = uuid4(), []

    def click() -> None:
        with connect(dsn) as mine:
            try:
                outcome.append(suppliers.make(mine, wanted(), digest, form, "aliya", NOW))
            except SupplierRefused as refusal:
                outcome.append(refusal.code)

    second = threading.Thread(target=click)
    with connect(dsn) as watching, connect(dsn) as first, first.transaction():
        watching.autocommit = True
        claim_id = suppliers.make(first, wanted(), digest, form, "aliya", NOW)
        if reads_late:
            first.execute("lock table core.product in access exclusive mode")
        second.start()
        waits = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        deadline = time.monotonic() + 30
        while not watching.execute(waits.encode()).fetchone():
            assert time.monotonic() < deadline
            time.sleep(0.01)
    second.join()
    assert outcome == [claim_id]


def test_the_tables_themselves_refuse_a_second_live_claim_and_another_digest(conn: Connection) -> None:
    piece(conn, 1, "KET-1", BROKEN)
    claim_id = made(conn)
    conn.commit()
    told = {"id": uuid4(), "first": claim_id}
    copy = (
        "insert into core.supplier_claim select %(id)s, merchant_id, supplier, units, amount, content, {}, actor, "
        "made_at from core.supplier_claim where claim_id = %(first)s"
    )
    with pytest.raises(psycopg.errors.CheckViolation), conn.transaction():
        conn.execute(copy.format("'ab'").encode(), told)
    conn.execute(copy.format("digest").encode(), told)
    conn.execute(
        b"insert into core.supplier_claim_unit select %(id)s, unit_id, merchant_id, cost "
        b"from core.supplier_claim_unit where claim_id = %(first)s",
        told,
    )
    with pytest.raises(psycopg.errors.UniqueViolation):
        run(conn, "core/supplier_claimed", claim_id=told["id"])


@pytest.mark.parametrize("table", ["supplier_claim", "supplier_claim_unit", "supplier_claim_withdrawn"])
def test_nobody_changes_what_was_claimed(world: str, postgres_server: TestServer, table: str) -> None:
    with connect(postgres_server.as_owner(world)) as conn:
        with pytest.raises(psycopg.errors.RaiseException):
            conn.execute(f"delete from core.{table}".encode())
        conn.rollback()


def test_the_night_sees_a_piece_that_stands_in_no_live_claim(conn: Connection) -> None:
    piece(conn, 1, "KET-1", BROKEN)
    made(conn)
    conn.execute("delete from core.supplier_claimed")
    (row,) = conn.execute(text_of(CHECK).encode()).fetchall()
    assert (row["merchant_id"], row["record_key"]) == ("shop", unit(1))


def test_a_claim_says_what_it_said_whatever_becomes_of_its_pieces(conn: Connection) -> None:
    piece(conn, 1, "KET-1", BROKEN)
    claim_id = made(conn)

    def told() -> bytes:
        row = run(conn, "core/supplier_claim__one", claim_id=claim_id).fetchone()
        assert row is not None
        claim = suppliers.claim_of(row)
        paper = Paper(claim.content, claim.digest, str(claim_id), claim.actor, claim.made_at)
        return claim_pdf(paper, suppliers.pictures(conn, claim), words("ru"))

    before = told()
    append(conn, event(1, "inspected", INSPECTED + dt.timedelta(hours=1), **SOUND))
    conn.execute("update core.product set cost = 1, name = 'another'")
    assert told() == before


def test_a_claim_of_more_pieces_than_a_file_takes_is_refused(conn: Connection) -> None:
    append(conn, *(one for n in range(1, 202) for one in life(n, "KET-1", BROKEN)))
    with pytest.raises(SupplierRefused) as refused:
        suppliers.compose(conn, wanted())
    assert refused.value.code == "too_many"
    assert len(suppliers.compose(conn, wanted(hidden=[unit(1)])).content["units"]) == 200
