"""The books close, on every day and as known on every day; and each of their parts fails when a table is bent."""

import datetime as dt
from collections.abc import Callable, Iterator
from uuid import UUID

import psycopg
import pytest
from psycopg import conninfo
from psycopg.rows import dict_row

from include.clock import almaty_day
from include.db.connection import connect
from include.db.statements import text_of
from include.domain.identity import scanned_unit_id
from include.flows import ledger
from include.flows.balance import Line, balance, end_of
from tests.conftest import TestServer
from tests.db.restock_world import Offer, RestockWorld, at
from tools import balance as command

CLOSES = "the balance"
SEQ = "ledger/unit_event__seq_has_no_gap"
STANDS = "ledger/unit__stands_where_it_was_left"
SCANS = "ledger/unit__received_is_accepted_scans"
RESTOCKED = "channel/addition__is_a_decision_of_the_ledger"
CHECKS = (SEQ, STANDS, SCANS, RESTOCKED)
TODAY = almaty_day(at(5))
U = {name: scanned_unit_id("w1", name) for name in ("U1", "U2", "U3", "U4")}


@pytest.fixture(scope="module")
def world(new_warehouse: Callable[[], str]) -> Iterator[RestockWorld]:
    """U1 to U3 went on sale this morning (one as used goods), U4 is inspected; restock_sync has looked since."""
    there = RestockWorld(new_warehouse(), {"A1": Offer("A1")}, url="")
    with there.served():
        there.onboard()
        for name, used in (("U1", False), ("U2", False), ("U3", True)):
            there.unit(name, "A1", 0, used=used, grade="C" if used else "A", route="off_kaspi" if used else "main")
        look = {"grade": "A", "finding": "no_fault", "signs_of_use": False}
        scan = {"source": "w1", "scan_id": "U4", "unit_label": "U4"}
        there.book(
            there.event(U["U4"], "received", at(-2), **scan), there.event(U["U4"], "inspected", at(-1), "eye", **look)
        )
        with connect(there.dsn) as conn:
            for number, name in enumerate(U, start=1):
                conn.execute(
                    """
                    insert into core.warehouse_event (
                        source, event_id, merchant_id, type, occurred_at, payload, recorded_at, "position", booked_at,
                        outcome, unit_id
                    )
                    values ('w1', %s, 'm', 'received', %s, '{}', %s, %s, %s, 'booked', %s)
                    """,
                    (name, at(-2), at(0), number, at(0), U[name]),
                )
        assert there.restock(2) == "published"
        assert there.restock(5) == "published"
        yield there


def lines_that_do_not_close(conn: psycopg.Connection, known_at: dt.datetime) -> int:
    row = conn.execute(
        'select count(*) as n from ledger.balance(%s, null, %s, %s) where opening + entered - "left" <> closing',
        ("m", almaty_day(known_at), known_at),
    ).fetchone()
    assert row is not None
    return int(row["n"])


def failing(conn: psycopg.Connection) -> set[str]:
    """The checks that do not hold as things stand in this transaction."""
    found = {check for check in CHECKS if conn.execute(text_of(f"checks/{check}").encode()).fetchall()}
    return found | ({CLOSES} if lines_that_do_not_close(conn, at(5)) else set())


def test_the_books_close_as_they_were_written(world: RestockWorld) -> None:
    with connect(world.dsn) as conn:
        assert failing(conn) == set()
        states = {line.state: line.closing for line in balance(conn, "m", TODAY, TODAY) if line.closing}
    assert states == {"restock_pending": 2, "on_sale": 1, "inspected": 1}


ONE = f"unit_id = '{U['U1']}'"
FORGED = f"""
insert into ledger.unit_event
select gen_random_uuid(), unit_id, merchant_id, seq + 1, 'withdrawn', state_to, 'inspected', occurred_at, recorded_at,
    actor, source, '{{}}'
from ledger.unit_event where {ONE} order by seq desc limit 1
"""
BENT = {
    "a state of the projection": (f"update ledger.unit set state = 'disposed' where {ONE}", {CLOSES, STANDS}),
    "two states that change places": (
        "update ledger.unit set state = case state when 'on_sale' then 'inspected' else 'on_sale' end "
        "where state in ('on_sale', 'inspected')",
        {STANDS},
    ),
    "a seq of the projection": (f"update ledger.unit set seq = seq + 1 where {ONE}", {STANDS}),
    "an event in the middle is gone": (f"delete from ledger.unit_event where {ONE} and seq = 2", {CLOSES, SEQ}),
    "the last event is gone": (
        f"delete from ledger.unit_event where {ONE} and type in ('restock_pending', 'on_sale')", {CLOSES, STANDS},
    ),
    "an event says it led elsewhere": (
        f"update ledger.unit_event set state_to = 'wrong_item' where {ONE} and seq = 2", {CLOSES, SEQ},
    ),
    "an event says it came from elsewhere": (
        f"update ledger.unit_event set state_from = 'wrong_item' where {ONE} and seq = 3", {CLOSES, SEQ},
    ),
    "an event that was never projected": (FORGED, {CLOSES, STANDS}),
    "a unit without events": (
        "insert into ledger.unit (unit_id, merchant_id, state, seq) values (gen_random_uuid(), 'm', 'requested', 1)",
        {CLOSES, STANDS},
    ),
    "events without a unit": (f"delete from ledger.unit where {ONE}", {CLOSES, SCANS}),
    "a unit is gone with its events": (
        f"delete from ledger.unit where {ONE}; delete from ledger.unit_event where {ONE}", {SCANS, RESTOCKED},
    ),
    "an accepted scan is none any more": (
        "update core.warehouse_event set outcome = 'duplicate_scan' where event_id = 'U1'", {SCANS},
    ),
    "a scan that nobody booked": (
        "insert into core.warehouse_event (source, event_id, merchant_id, type, occurred_at, payload, recorded_at, "
        "\"position\", outcome) select source, 'U5', merchant_id, type, occurred_at, payload, recorded_at, 5, outcome "
        "from core.warehouse_event where event_id = 'U1'",
        {SCANS},
    ),
    "a unit of another scan": (f"update ledger.unit set scan_id = 'another' where {ONE}", {SCANS}),
    "a unit that was not received": (f"update ledger.unit set received_at = null where {ONE}", {SCANS}),
    "a receipt that is told otherwise": (
        f"update ledger.unit_event set payload = payload || '{{\"scan_id\": \"U2\"}}' where {ONE} and seq = 1", {SCANS},
    ),
    "an addition is gone": (f"delete from channel.addition where {ONE}", {RESTOCKED}),
    "an addition that nobody decided": (f"update channel.addition set decision_seq = 2 where {ONE}", {RESTOCKED}),
    "an addition that counts nothing": (f"update channel.addition set quantity = 0 where {ONE}", {RESTOCKED}),
    "an addition that the base counts, too": (
        "update core.store set base_includes_returns = true where merchant_id = 'm'", {RESTOCKED},
    ),
    "an addition on another offer": (f"update channel.addition set offer_sku = 'B1' where {ONE}", {RESTOCKED}),
    "an addition in another channel": (f"update channel.addition set channel = 'resale' where {ONE}", {RESTOCKED}),
    "an addition of a unit on sale was withdrawn": (
        f"update channel.addition set withdrawn_at = decided_at where {ONE}", {RESTOCKED},
    ),
    "an addition of a unit that left stands": (
        f"update ledger.unit set state = 'inspected' where {ONE}", {CLOSES, STANDS, RESTOCKED},
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BENT)
def test_every_part_fails_when_a_table_is_bent(world: RestockWorld, postgres_server: TestServer, what: str) -> None:
    statement, expected = BENT[what]
    database = str(conninfo.conninfo_to_dict(world.dsn)["dbname"])
    with psycopg.connect(postgres_server.address(database), row_factory=dict_row) as conn:
        # no right, no trigger and no foreign key stands in the superuser's way
        conn.execute("set session_replication_role = replica")
        conn.execute(statement.encode())
        assert expected <= failing(conn)
        conn.rollback()
    with connect(world.dsn) as conn:
        assert failing(conn) == set()


DAY = dt.timedelta(days=1)
MONDAY = dt.datetime(2026, 11, 2, 6, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def week(new_warehouse: Callable[[], str]) -> str:
    """Monday: two units come. Wednesday: it is learned that one was inspected on Tuesday. Friday: it was not."""
    dsn = new_warehouse()
    world = RestockWorld(dsn, {})
    first, second = UUID(int=1), UUID(int=2)
    look = world.event(first, "inspected", MONDAY + DAY, "eye", grade="A", finding="no_fault", signs_of_use=False)
    learned = [
        (MONDAY, [world.event(one, "received", MONDAY, source="w", scan_id=str(one)) for one in (first, second)]),
        (MONDAY + 2 * DAY, [look]),
        (MONDAY + 4 * DAY, [world.event(first, "voided", MONDAY + 4 * DAY, "chief", event_id=str(look.event_id))]),
    ]
    with connect(dsn) as conn:
        for now, events in learned:
            assert not ledger.append(conn, events, now).rejected
    return dsn


def test_the_balance_is_told_as_it_was_known_on_any_day(week: str) -> None:
    monday, tuesday, wednesday, friday = (almaty_day(MONDAY + n * DAY) for n in (0, 1, 2, 4))

    def told(as_of: dt.date, known_on: dt.date) -> dict[str, Line]:
        with connect(week) as conn:
            lines = balance(conn, "m", as_of, known_on)
        assert all(line.closes for line in lines)
        return {line.state: line for line in lines}

    assert told(monday, monday) == {"received": Line("received", 0, 2, 0, 2)}
    assert told(tuesday, tuesday) == {"received": Line("received", 2, 0, 0, 2)}
    corrected = {"received": Line("received", 2, 0, 1, 1), "inspected": Line("inspected", 0, 1, 0, 1)}
    assert told(tuesday, wednesday) == corrected
    assert told(tuesday, friday) == corrected, "a correction is a fact of its own day"
    assert told(friday, friday) == {
        "received": Line("received", 1, 1, 0, 2),
        "inspected": Line("inspected", 1, 0, 1, 0),
    }
    with connect(week) as conn, pytest.raises(ValueError, match="nobody knew"):
        balance(conn, "m", friday, monday)


def test_a_day_ends_at_midnight_in_almaty() -> None:
    assert end_of(dt.date(2026, 11, 2)) == dt.datetime(2026, 11, 2, 18, 59, 59, 999999, dt.UTC)
    assert end_of(dt.date(2024, 2, 28)) == dt.datetime(2024, 2, 28, 17, 59, 59, 999999, dt.UTC)  # it was UTC+6 then


def test_the_past_fails_as_well_when_it_is_bent(week: str, postgres_server: TestServer) -> None:
    database = str(conninfo.conninfo_to_dict(week)["dbname"])
    with psycopg.connect(postgres_server.address(database), row_factory=dict_row) as conn:
        conn.execute("set session_replication_role = replica")
        conn.execute("update ledger.unit_event set state_from = 'requested' where type = 'inspected'")
        assert lines_that_do_not_close(conn, end_of(almaty_day(MONDAY + DAY))) == 0, "it was not known yet"
        assert lines_that_do_not_close(conn, end_of(almaty_day(MONDAY + 2 * DAY))) > 0
        conn.rollback()


def test_a_book_in_the_past_does_not_tear_the_chain(new_warehouse: Callable[[], str]) -> None:
    """A backfill's clock lies in the past: what it books after younger facts is known from when they are."""
    world = RestockWorld(new_warehouse(), {})
    unit = UUID(int=3)
    with connect(world.dsn) as conn:
        ledger.append(conn, [world.event(unit, "received", MONDAY, source="w", scan_id="3")], MONDAY + 3 * DAY)
        ledger.append(conn, [world.event(unit, "wrong_item", MONDAY + DAY)], MONDAY + DAY)
        for days, states in ((1, {}), (3, {"received": 0, "wrong_item": 1})):
            lines = balance(conn, "m", almaty_day(MONDAY + days * DAY), almaty_day(MONDAY + days * DAY))
            assert {line.state: line.closing for line in lines} == states
            assert all(line.closes for line in lines)


def test_the_command_prints_the_balance_and_fails_where_it_does_not_close(
    week: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], postgres_server: TestServer
) -> None:
    monkeypatch.setenv("QAITARYM_WAREHOUSE_DSN", week)
    asked = ["--merchant", "m", "--as-of", "2026-11-03", "--known-on", "2026-11-04"]
    assert command.main(asked) == 0
    told = capsys.readouterr().out
    assert "inspected" in told and told.endswith("closes\n")
    assert command.main(["--merchant", "nobody", *asked[2:]]) == 0
    assert capsys.readouterr().out.endswith("no units were known\n")
    with connect(week) as conn:
        conn.execute("update ledger.unit set state = 'lost' where unit_id = %s", (UUID(int=2),))
    try:
        assert command.main(["--merchant", "m", "--known-on", "2026-11-20"]) == 1
        assert "does not close: lost, received" in capsys.readouterr().out
    finally:
        with connect(week) as conn:
            conn.execute("update ledger.unit set state = 'received' where unit_id = %s", (UUID(int=2),))
    with pytest.raises(SystemExit, match="nobody knew"):
        command.main(["--merchant", "m", "--as-of", "2026-11-20", "--known-on", "2026-11-04"])


def test_what_a_night_wrote_is_what_the_events_say_of_it_ever_after(new_warehouse: Callable[[], str]) -> None:
    from include.flows import housekeeping

    world = RestockWorld(new_warehouse(), {})
    world.onboard()
    world.unit("N1", "A1", 1)
    housekeeping.tidy(world.dsn, world.new_run("housekeeping", 4), "owner")
    world.book(world.event(scanned_unit_id("w1", "N1"), "moved", at(2), zone="resellable"))
    world.now = at(30)
    world.book(world.event(scanned_unit_id("w1", "N1"), "restock_pending", at(3), channel="off_kaspi", offer_sku="A1"))
    housekeeping.tidy(world.dsn, world.new_run("housekeeping", 31), "owner")
    differing = """
    (select as_of, state, opening, entered, "left", closing from mart.balance_daily where known_at = %s)
    except
    (select * from ledger.balance('m', null, %s, %s))
    """
    with connect(world.dsn) as conn:
        nights = conn.execute("select distinct known_on, known_at from mart.balance_daily order by 1").fetchall()
        assert len(nights) == 2
        for night in nights:
            known_on, known_at = night["known_on"], night["known_at"]
            assert conn.execute(differing.encode(), (known_at, known_on, known_at)).fetchall() == []
