"""A booker of receipts that is killed before any of its statements, doubled, or late: the tables end the same.

Real processes, really killed (SIGKILL); a real PostgreSQL, of which each death gets a copy as it stood.
"""

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from include.db.connection import connect
from include.db.statements import text_of
from include.flows import discrepancies, warehouse_receipts_reconcile
from include.flows.balance import balance
from include.flows.run import Run
from tests.conftest import TestServer
from tests.db.receipts_world import ReceiptsWorld
from tests.faults.forking import Forking, copy_of, forking
from tests.fingerprint import fingerprint

ROOT = Path(__file__).resolve().parents[2]
CHECKS = ("core/unit_verdict__is_what_the_facts_say", "core/discrepancy__is_its_verdict",
          "ledger/unit__received_is_accepted_scans", "ledger/unit_event__seq_has_no_gap",
          "ledger/unit__stands_where_it_was_left")  # fmt: skip


def told(dsn: str, run: Run, *, die_at: int | None = None, owner: str = "dag/run/book/-1#1") -> dict[str, Any]:
    """The command of a booker."""
    return {"dsn": dsn, "run_id": run.run_id, "now": run.now.isoformat(), "owner": owner, "die_at": die_at}


def booker() -> AbstractContextManager[Forking]:
    """The process that forks a booker a command."""
    return forking("receipts_booker.py")


@pytest.fixture
def world(new_warehouse: Any, tmp_path: Path) -> ReceiptsWorld:
    """A merchant of whose returns everything has happened that can: told on day 20, staged and judged, not booked."""
    here = ReceiptsWorld(new_warehouse(), tmp_path / "drop")
    here.set_up()
    here.order("700")  # comes late
    here.order("701", 3)  # comes in part
    here.order("702", expected=False)  # nobody announced it
    here.order("703", begins=8)  # may still come
    here.order("704", 3, asked=1, begins=10)  # more than was asked for
    here.order("705", 2, begins=10)  # one is missing from the parcel
    here.order("706", begins=-40)  # lost by now
    here.order("707", begins=10)  # scanned twice, then found to be another thing
    here.receipts(15, here.scan("L0", 14, sku="AT2"))
    look = {"packaging_intact": "true", "complete": "true", "documents": "true", "signs_of_use": "false", "grade": "D",
            "finding": "wrong_item", "route": "supplier", "zone": "unrecoverable"}  # fmt: skip
    here.drop(
        here.scan("L1", 19, order_code="700", sku="AT1"), here.scan("L2", 15.5, order_code="701", sku="AT1"),
        here.scan("L3", 19, order_code="702", sku="AT1"), here.scan("L4", 19, return_label="704-1-R"),
        here.scan("L5", 19.1, return_label="704-1-R"), here.scan("L6", 19, order_code="705", sku="AT1"),
        here.said("missing_from_parcel", 19.1, order_code="705", sku="AT1"),
        here.scan("L7", 19, order_code="707", sku="AT1"), here.scan("L7", 19.1, order_code="707", sku="AT1"),
        here.said("inspected", 19.2, unit_label="L7", **look), here.said("disposed", 19, unit_label="L0"),
    )  # fmt: skip
    return here


@contextmanager
def copies(server: TestServer, world: ReceiptsWorld) -> Iterator[Callable[[], str]]:
    """Make copies of the world's database as it stands; they go when the test ends."""
    with ExitStack() as made:
        yield lambda: made.enter_context(copy_of(server, world.dsn))


def must_hold(dsn: str, now: dt.datetime) -> None:
    with connect(dsn) as conn:
        for check in CHECKS:
            assert conn.execute(text_of(f"checks/{check}").encode()).fetchall() == [], check
        day = now.astimezone(dt.timezone(dt.timedelta(hours=5))).date()
        assert all(line.closes for line in balance(conn, "tech", day, day))


def test_killed_before_any_statement_the_next_try_ends_the_same(
    world: ReceiptsWorld, postgres_server: TestServer
) -> None:
    run = world.new_run(20, "killed")
    world.stage(run)
    died: list[bool] = []
    with booker() as way, copies(postgres_server, world) as copy:
        living = copy()
        answer = way.do(**told(living, run))
        assert "error" not in answer, answer
        statements = answer["statements"]
        assert statements > 40
        wanted, done, untouched = fingerprint(living), marks(living), marks(world.dsn)
        must_hold(living, run.now)
        kinds = world_of(living)
        assert kinds == {"late", "matched", "short", "no_request", "expected", "over", "missing_from_parcel", "lost",
                         "wrong_item", "unexpected"}  # fmt: skip
        for number in range(1, statements + 1):
            dsn = copy()
            killed = way.do(**told(dsn, run, die_at=number))
            assert killed["killed"], (number, killed)
            halfway = marks(dsn)
            assert halfway in (untouched, done), f"killed before statement {number}: half of it is visible"
            died.append(halfway == done)
            answer = way.do(**told(dsn, run, owner="dag/run/book/-1#2"))
            assert "error" not in answer, (number, answer)
            # the same rows as of the one that lived, whose books close and whose checks hold
            assert fingerprint(dsn) == wanted, f"killed before statement {number}"
    assert True in died and False in died, "it was killed before and after it had committed"


def world_of(dsn: str) -> set[str]:
    with connect(dsn) as conn:
        return {row["verdict"] for row in conn.execute("select distinct verdict from core.unit_verdict")}


def test_two_runs_at_once_end_as_one_after_the_other(world: ReceiptsWorld, postgres_server: TestServer) -> None:
    first = world.new_run(20, "first")
    world.stage(first)
    second = world.new_run(20.01, "second")
    world.stage(second)
    with booker() as one, booker() as other, copies(postgres_server, world) as copy:
        in_turn = copy()
        for run in (first, second):
            assert "error" not in one.do(**told(in_turn, run))
        wanted = marks(in_turn)
        for _ in range(5):
            dsn = copy()
            one.begin(**told(dsn, first, owner="dag/first/book/-1#1"))
            other.begin(**told(dsn, second, owner="dag/second/book/-1#1"))
            answers = [one.end(), other.end()]
            assert not any("error" in answer for answer in answers), answers
            assert marks(dsn) == wanted
            must_hold(dsn, second.now)


def marks(dsn: str) -> tuple[Any, ...]:
    """What is so in the end, whichever of two runs wrote it: the moments of writing may be either's."""
    with connect(dsn) as conn:
        return tuple(
            conn.execute(query.encode()).fetchall()
            for query in (
                "select unit_id, verdict, since, turns_at, repeats, settled from core.unit_verdict order by 1",
                "select kind, subject, status, resolution, money_at_risk from core.discrepancy order by 1, 2",
                "select unit_id, seq, type, occurred_at from ledger.unit_event order by 1, 2",
                "select discrepancy_id, seq, status, resolution from core.discrepancy_event order by 1, 2",
            )
        )


def test_a_person_and_a_run_at_once_lose_neither(world: ReceiptsWorld, postgres_server: TestServer) -> None:
    """Somebody settles a case while the facts close it: one of them does, the other sees that it is done."""
    run = world.new_run(20, "beside")
    world.stage(run)
    (row,) = world.query("select discrepancy_id from core.discrepancy where order_code = '700' and status = 'open'")
    with booker() as way, copies(postgres_server, world) as copy:
        for _ in range(5):
            dsn = copy()
            refused: list[str] = []

            def settle(dsn: str = dsn, refused: list[str] = refused) -> None:
                said = discrepancies.Said("saule", world.day(20), "compensated", "paid")
                with connect(dsn) as conn:
                    try:
                        discrepancies.say(conn, row["discrepancy_id"], said)
                    except discrepancies.DifferenceRefused as refusal:
                        refused.append(refusal.code)

            way.begin(**told(dsn, run))
            person = threading.Thread(target=settle)
            person.start()
            answer = way.end()
            person.join()
            assert "error" not in answer, answer
            with connect(dsn) as conn:
                events = conn.execute(
                    "select actor, status from core.discrepancy_event where discrepancy_id = %s",
                    (row["discrepancy_id"],),
                ).fetchall()
            assert [one["status"] for one in events] == ["resolved"]
            assert events[0]["actor"] == ("pipeline" if refused else "saule")
            must_hold(dsn, run.now)


def test_back_dated_facts_in_any_order_end_the_same(world: ReceiptsWorld, postgres_server: TestServer) -> None:
    """What happened between day 15 and 20 is told at once, or piece by piece with a clock that jumps back and forth."""
    whole = world.new_run(20, "whole")
    world.stage(whole)
    with copies(postgres_server, world) as copy:
        at_once = copy()
        warehouse_receipts_reconcile.book(at_once, whole, "owner")
        pieces = copy()
        for number, days in enumerate((20, 16, 20, 14, 20)):  # the same run again, and runs of other days between
            run = whole if days == 20 else replace(whole, run_id=f"back-{number}", now=world.day(days))
            if run is not whole:
                with connect(pieces) as conn:
                    discrepancies.refresh(conn, run, "tech")
                    conn.commit()
            else:
                warehouse_receipts_reconcile.book(pieces, run, "owner")
        assert marks(pieces) == marks(at_once)
        must_hold(pieces, whole.now)
