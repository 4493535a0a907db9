"""The ledger's one entry on a real PostgreSQL: once, in order, for ever, and rebuildable."""

import datetime as dt
import random
import threading
from collections.abc import Callable
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


def test_the_past_cannot_be_changed(warehouse: Connection) -> None:
    ledger.append(warehouse, [event(5, "received")], NOW)
    for statement in ("update ledger.unit_event set actor = 'me'", "delete from ledger.unit_event"):
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"), warehouse.transaction():
            warehouse.execute(statement.encode())


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


def test_a_rebuild_makes_the_identical_table(new_warehouse: Callable[[], str]) -> None:
    with connect(new_warehouse()) as conn:
        ledger.append(conn, [event(n, type_) for n in range(3) for type_ in LIFE[: n + 2]], NOW)
        assert ledger.rebuild(conn) == 0
        conn.execute("update ledger.unit set state = 'on_sale', zone = 'nowhere'")
        assert ledger.rebuild(conn) == 3
        assert sorted(state for state, _ in states(conn).values()) == ["inspected", "qc", "restock_pending"]
