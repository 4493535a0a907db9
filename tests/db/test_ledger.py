"""The ledger's one entry on a real PostgreSQL: once, in order, for ever, and rebuildable."""

import datetime as dt
import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import psycopg
import pytest

from include.db.connection import Connection, connect
from include.domain.identity import event_id, scanned_unit_id
from include.domain.unit_life import Event
from include.flows import ledger

NOW = dt.datetime(2026, 11, 2, 9, tzinfo=dt.UTC)
LIFE = ("received", "inspected", "qc_passed", "restock_pending", "on_sale", "resold")
PAYLOAD = {
    "inspected": {"grade": "A", "finding": "no_fault", "signs_of_use": False},
    "restock_pending": {"channel": "main", "offer_sku": "S"},
    "on_sale": {"proof": "fetched"},
    "resold": {"attribution": "fifo"},
}


def unit(n: int) -> UUID:
    return scanned_unit_id("w1", f"scan-{n}")


def _moment(type_: str, step: int) -> dt.datetime:
    return NOW + dt.timedelta(hours=LIFE.index(type_) if type_ in LIFE else step)


def event(n: int, type_: str, step: int = 0, **payload: object) -> Event:
    facts = {"source": "w1", "scan_id": f"scan-{n}"} if type_ == "received" else PAYLOAD.get(type_, {})
    return Event(
        event_id("test", n, type_, step), unit(n), "shop", type_, _moment(type_, step),
        f"{type_}-hand", "test", {**facts, **payload},
    )  # fmt: skip


def states(conn: Connection) -> dict[UUID, tuple[str, int]]:
    return {
        row["unit_id"]: (row["state"], row["seq"])
        for row in conn.execute("select unit_id, state, seq from ledger.unit")
    }


def test_a_whole_life_is_booked_and_a_repetition_changes_nothing(warehouse: Connection) -> None:
    life = [event(1, type_) for type_ in LIFE]
    assert len(ledger.append(warehouse, life, NOW).accepted) == 6
    assert ledger.append(warehouse, life, NOW).repeated == {one.event_id for one in life}
    assert states(warehouse)[unit(1)] == ("resold", 6)


def test_an_early_event_waits_and_is_booked_when_its_unit_moves(warehouse: Connection) -> None:
    first = ledger.append(warehouse, [event(2, "received"), event(2, "qc_passed")], NOW)
    assert list(first.waiting) == [event(2, "qc_passed").event_id]
    assert ledger.append(warehouse, [event(2, "qc_passed")], NOW).accepted == {}  # still waiting, not doubled
    then = ledger.append(warehouse, [event(2, "inspected")], NOW)
    assert set(then.accepted) == {event(2, "inspected").event_id, event(2, "qc_passed").event_id}
    assert states(warehouse)[unit(2)] == ("qc", 3)
    assert warehouse.execute("select count(*) as n from ledger.event_inbox").fetchone() == {"n": 0}


def test_what_can_never_be_legal_is_quarantined_with_the_reason(warehouse: Connection) -> None:
    ledger.append(warehouse, [event(3, "received")], NOW)
    outcome = ledger.append(warehouse, [event(3, "received", 1)], NOW)
    assert list(outcome.rejected.values()) == ["received is not legal for a unit that is received"]
    row = warehouse.execute(
        "select reason, payload from ops.quarantine where record_key = %s", (str(event(3, "received", 1).event_id),)
    ).fetchone()
    assert row is not None and row["payload"]["unit_id"] == str(unit(3))


def test_a_mistake_is_taken_back_by_a_voided_event(warehouse: Connection) -> None:
    ledger.append(warehouse, [event(4, "received"), event(4, "inspected")], NOW)
    mistake = event(4, "unrecoverable", 5)
    ledger.append(warehouse, [mistake], NOW)
    ledger.append(warehouse, [event(4, "voided", 6, event_id=str(mistake.event_id))], NOW)
    assert states(warehouse)[unit(4)] == ("inspected", 4)


def test_the_database_itself_refuses_used_goods_on_kaspi(warehouse: Connection) -> None:
    ledger.append(warehouse, [event(6, "received"), event(6, "inspected", signs_of_use=True)], NOW)
    with pytest.raises(psycopg.errors.CheckViolation, match="no_used_goods_on_kaspi"), warehouse.transaction():
        warehouse.execute("update ledger.unit set channel = 'main' where unit_id = %s", (unit(6),))


def test_shuffled_repeated_and_concurrent_events_end_the_same(new_warehouse: Callable[[], str]) -> None:
    """Eight units' lives, cut into random portions, delivered twice by two writers at once."""
    dsn = new_warehouse()
    dice = random.Random(20261116)
    events = [event(n, type_) for n in range(8) for type_ in LIFE] * 2
    dice.shuffle(events)
    halves = [events[0::2], events[1::2]]
    failures: list[BaseException] = []

    def write(share: list[Event]) -> None:
        with connect(dsn) as conn:
            for start in range(0, len(share), 7):
                try:
                    with conn.transaction():
                        ledger.append(conn, share[start : start + 7], NOW)
                except BaseException as error:
                    failures.append(error)

    writers = [threading.Thread(target=write, args=(half,)) for half in halves]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert failures == []
    with connect(dsn) as conn:
        assert states(conn) == {unit(n): ("resold", 6) for n in range(8)}
        assert conn.execute("select count(*) as n from ledger.unit_event").fetchone() == {"n": 48}


def test_an_event_that_waits_for_one_unit_is_no_news_of_another(warehouse: Connection) -> None:
    """The id is the event: told of another unit it is the same one told again, and not a crash of the whole portion."""
    early = event(7, "qc_passed")
    ledger.append(warehouse, [early], NOW)
    again = replace(early, unit_id=unit(8))
    outcome = ledger.append(warehouse, [again, event(8, "received")], NOW)
    assert (outcome.repeated, list(outcome.accepted)) == ({early.event_id}, [event(8, "received").event_id])


def test_a_unit_born_by_a_mistake_frees_its_scan_and_its_label(warehouse: Connection) -> None:
    scan = event(9, "received", unit_label="L9")
    ledger.append(warehouse, [scan, event(9, "voided", 1, event_id=str(scan.event_id))], NOW)
    assert states(warehouse)[unit(9)] == ("cancelled", 2)
    other = event(10, "received", unit_label="L9")
    assert list(ledger.append(warehouse, [other], NOW).accepted) == [other.event_id]


def test_what_waited_for_a_day_is_quarantined_with_the_reason(warehouse: Connection) -> None:
    late, fresh = event(11, "inspected"), event(12, "inspected")
    ledger.append(warehouse, [late], NOW)
    ledger.append(warehouse, [fresh], NOW + dt.timedelta(hours=1))
    assert ledger.expire(warehouse, "shop", NOW + dt.timedelta(hours=24)) == 0
    assert ledger.expire(warehouse, "shop", NOW + dt.timedelta(hours=24, seconds=1)) == 1
    row = warehouse.execute(
        "select reason, source from ops.quarantine where record_key = %s", (str(late.event_id),)
    ).fetchone()
    assert row == {
        "reason": "its predecessor did not come: inspected is not legal for a unit that is not born",
        "source": "ledger/test",
    }


def test_nobody_expires_what_is_being_booked(new_warehouse: Callable[[], str]) -> None:
    """A unit moves at the moment at which its early event would be too old: that is booked and not quarantined."""
    dsn = new_warehouse()
    with connect(dsn) as clerk, connect(dsn) as night:
        ledger.append(clerk, [event(1, "inspected")], NOW)
        clerk.commit()
        ledger.append(clerk, [event(1, "received")], NOW + dt.timedelta(hours=30))
        expired: list[int] = []
        waits = threading.Thread(
            target=lambda: expired.append(ledger.expire(night, "shop", NOW + dt.timedelta(hours=30)))
        )
        waits.start()
        _wait_for_a_lock(dsn)
        clerk.commit()
        waits.join()
        night.commit()
        assert expired == [0]
        assert states(clerk) == {unit(1): ("inspected", 2)}
        assert clerk.execute("select count(*) as n from ops.quarantine").fetchone() == {"n": 0}


def test_what_somebody_looks_at_to_book_it_cannot_expire_meanwhile(new_warehouse: Callable[[], str]) -> None:
    dsn = new_warehouse()
    with connect(dsn) as clerk, connect(dsn) as night:
        ledger.append(clerk, [event(1, "inspected")], NOW)
        clerk.commit()
        assert ledger._waiting(clerk, [unit(1)], [])
        night.execute("set lock_timeout = '200ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable), night.transaction():
            ledger.expire(night, "shop", NOW + dt.timedelta(hours=30))
        clerk.rollback()
        assert ledger.expire(night, "shop", NOW + dt.timedelta(hours=30)) == 1


def _wait_for_a_lock(dsn: str) -> None:
    deadline = time.monotonic() + 60
    waiting = "select count(*) as n from pg_locks where not granted"
    with connect(dsn) as conn:
        conn.autocommit = True
        while conn.execute(waiting).fetchone() == {"n": 0}:
            assert time.monotonic() < deadline, "nobody waits"
            time.sleep(0.01)
