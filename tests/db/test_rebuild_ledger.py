"""The projection is rebuilt from the events by one command, to the identical table, in portions."""

import threading
import tracemalloc
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import conninfo

from include.db.connection import Connection, connect
from include.flows import ledger
from include.flows.ledger_rebuild import Portion, rebuild
from tests.conftest import TestServer
from tests.db.test_ledger import LIFE, NOW, event, unit
from tests.fingerprint import fingerprint
from tools import rebuild_ledger

UNITS = 40


@pytest.fixture
def dsn(new_warehouse: Callable[[], str]) -> str:
    address = new_warehouse()
    with connect(address) as conn:
        ledger.append(conn, [event(n, type_) for n in range(UNITS) for type_ in LIFE[: n % 6 + 1]], NOW)
        mistake = event(2, "wrong_item", 7)
        ledger.append(conn, [event(2, "voided", 8, event_id=str(event(2, "inspected").event_id)), mistake], NOW)
    return address


@pytest.fixture
def bent(dsn: str, postgres_server: TestServer) -> Iterator[str]:
    """The same with rows that are wrong, missing, in the way of others, and of no unit at all."""
    database = str(conninfo.conninfo_to_dict(dsn)["dbname"])
    with psycopg.connect(postgres_server.address(database)) as conn:
        conn.execute("set session_replication_role = replica")
        conn.execute("update ledger.unit set zone = 'nowhere', state = 'lost' where unit_id = %s", (unit(3),))
        conn.execute("delete from ledger.unit where unit_id = any(%s)", ([unit(4), unit(5)],))
        first, *_, last = sorted(unit(n) for n in range(6, UNITS))
        scans = {row[0]: row[1] for row in conn.execute("select unit_id, scan_id from ledger.unit")}
        conn.execute("update ledger.unit set scan_id = null where unit_id = %s", (first,))
        conn.execute("update ledger.unit set scan_id = %s where unit_id = %s", (scans[first], last))
        conn.execute(
            "insert into ledger.unit (unit_id, merchant_id, state, seq, source, scan_id) "
            "values ('ffffffff-0000-4000-8000-000000000000', 'shop', 'received', 1, 'w1', 'scan-4')"
        )
    return dsn


@pytest.mark.parametrize("portion", [1, 7, 1_000])
def test_a_rebuild_makes_the_identical_table(bent: str, new_warehouse: Callable[[], str], portion: int) -> None:
    told: list[Portion] = []
    with connect(bent) as conn:
        assert rebuild(conn, portion=portion, tell=told.append) == 6
        assert rebuild(conn, portion=portion) == 0
    assert len(told) == -(-(UNITS + 1) // portion)
    address = new_warehouse()
    with connect(address) as twin:
        ledger.append(twin, [event(n, type_) for n in range(UNITS) for type_ in LIFE[: n % 6 + 1]], NOW)
        ledger.append(
            twin,
            [event(2, "voided", 8, event_id=str(event(2, "inspected").event_id)), event(2, "wrong_item", 7)],
            NOW,
        )
    assert fingerprint(bent, schemas=("ledger",)) == fingerprint(address, schemas=("ledger",))


def test_a_dry_run_tells_what_differs_and_changes_nothing(
    bent: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QAITARYM_WAREHOUSE_DSN", bent)
    before = fingerprint(bent)
    assert rebuild_ledger.main(["--dry-run", "--portion", "9"]) == 1
    told = capsys.readouterr().out
    assert (
        f"{unit(3)}: differs: state is 'lost', not 'restock_pending'" in told and "zone is 'nowhere', not None" in told
    )
    assert f"{unit(4)}: the row is missing" in told
    assert "ffffffff-0000-4000-8000-000000000000: a row without any event" in told
    assert f"{UNITS + 1} units, 6 differed, 0 put right" in told
    assert fingerprint(bent) == before
    assert rebuild_ledger.main([]) == 0
    assert f"{UNITS + 1} units, 6 differed, 6 put right" in capsys.readouterr().out
    assert rebuild_ledger.main([]) == 0
    assert f"{UNITS} units, 0 differed, 0 put right" in capsys.readouterr().out


def test_events_that_contradict_the_law_are_told_and_left(
    dsn: str, postgres_server: TestServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(postgres_server.address(str(conninfo.conninfo_to_dict(dsn)["dbname"]))) as conn:
        conn.execute("set session_replication_role = replica")
        conn.execute("update ledger.unit_event set type = 'vanished' where unit_id = %s and seq = 1", (unit(3),))
    monkeypatch.setenv("QAITARYM_WAREHOUSE_DSN", dsn)
    assert rebuild_ledger.main([]) == 1
    assert f"{unit(3)}: its events cannot be projected" in capsys.readouterr().out


def test_a_rebuild_goes_on_beside_those_who_work(dsn: str) -> None:
    done = threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            with connect(dsn) as conn:
                for n in range(UNITS, UNITS + 60):
                    with conn.transaction():
                        ledger.append(conn, [event(n, "received"), event(n - 1, "inspected")], NOW)
        except BaseException as error:
            failures.append(error)
        finally:
            done.set()

    worker = threading.Thread(target=work)
    worker.start()
    with connect(dsn) as conn:
        while not done.is_set():
            assert rebuild(conn, portion=5) == 0
    worker.join()
    assert failures == []


def test_memory_does_not_grow_with_the_ledger(new_warehouse: Callable[[], str]) -> None:
    def peak(conn: Connection) -> int:
        tracemalloc.start()
        rebuild(conn, portion=50)
        try:
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    with connect(new_warehouse()) as conn:
        peaks = []
        for first, beyond in ((0, 400), (400, 2_400)):
            ledger.append(conn, [event(n, type_) for n in range(first, beyond) for type_ in LIFE], NOW)
            conn.commit()
            rebuild(conn, portion=50)
            peaks.append(peak(conn))
        row = conn.execute("select count(*) as n from ledger.unit").fetchone()
    assert row == {"n": 2_400}
    assert peaks[1] < 1.5 * peaks[0]
