"""Restock that is killed, doubled or overtaken: no unit is added twice, none is forgotten, the books close.

Real processes, really killed (SIGKILL) before each exchange with the database in turn.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from include.clock import almaty_day
from include.db.connection import connect
from include.db.statements import text_of
from include.flows.balance import balance
from tests.db.restock_world import Offer, RestockWorld, at

ROOT = Path(__file__).resolve().parents[2]
CHECKS = (
    "ledger/unit_event__seq_has_no_gap",
    "ledger/unit__stands_where_it_was_left",
    "ledger/unit__no_used_goods_on_kaspi",
    "channel/addition__is_a_decision_of_the_ledger",
)
DECIDED = """
select unit_id, count(*) as times
from ledger.effective_event
where type = 'restock_pending'
group by unit_id
"""
STANDING = """
select unit_id, count(*) as times
from channel.addition
where withdrawn_at is null
group by unit_id
"""
BASE = 5


class Worker:
    """The process that forks a task a command."""

    def __init__(self, process: subprocess.Popen[str], world: RestockWorld) -> None:
        self.process, self.world = process, world

    def begin(
        self, task: str, run_id: str, die_at: int | None = None, attempt: int = 1, stop_at: int | None = None
    ) -> None:
        assert self.process.stdin is not None
        command = {
            "task": task, "run_id": run_id, "now": self.world.now.isoformat(), "die_at": die_at, "stop_at": stop_at,
            "attempt": attempt,
        }  # fmt: skip
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()

    def end(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def stopped(self) -> int:
        """Return the forked process once it stands still."""
        pid, deadline = self.process.pid, time.monotonic() + 30
        while time.monotonic() < deadline:
            for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
                if Path(f"/proc/{child}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "T":
                    return int(child)
            time.sleep(0.01)
        raise AssertionError("it was never stopped")

    def do(self, task: str, run_id: str, die_at: int | None = None, attempt: int = 1) -> dict[str, Any]:
        self.begin(task, run_id, die_at, attempt)
        answer = self.end()
        assert "error" not in answer, answer
        return answer


@contextmanager
def worker(world: RestockWorld) -> Iterator[Worker]:
    with subprocess.Popen(
        [sys.executable, str(ROOT / "tests" / "faults" / "restock_worker.py"),
         json.dumps({"dsn": world.dsn, "url": world.url})],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline()) == {"ready": True}
            yield Worker(process, world)
        finally:
            process.kill()


@pytest.fixture
def world(new_warehouse: Callable[[], str]) -> Iterator[RestockWorld]:
    with RestockWorld(new_warehouse(), {"A1": Offer("A1", count=BASE)}).served() as made:
        made.onboard()
        yield made


class Turns:
    """One turn after another: units pass QC, something happens to the run, the next ones do their work."""

    def __init__(self, world: RestockWorld) -> None:
        self.world = world
        self.units: dict[str, list[UUID]] = {"main": [], "resale": [], "off_kaspi": []}
        self.hour = 1.0

    def arrive(self) -> None:
        """One unit for each channel passes QC."""
        n = len(self.units["main"])
        self.units["main"].append(self.world.unit(f"M{n}", "A1", self.hour))
        self.units["resale"].append(self.world.unit(f"R{n}", "A1", self.hour, grade="B", route="resale", intact=False))
        self.units["off_kaspi"].append(
            self.world.unit(f"O{n}", "A1", self.hour, grade="C", route="off_kaspi", used=True)
        )

    def next_run(self) -> str:
        self.hour += 0.01
        return self.world.new_run("restock_sync", self.hour).run_id

    def forget_the_dead(self) -> None:
        """Nobody waits two minutes of real time for a dead man's lease."""
        with connect(self.world.dsn) as conn:
            conn.execute("update ops.lease set expires_at = clock_timestamp()")

    def finish(self, way: Worker, run_id: str, attempt: int = 1, *, judged: bool = True) -> None:
        way.do("stage", run_id, attempt=attempt)
        self.judge(way, run_id, judged=judged)
        way.do("publish", run_id, attempt=attempt)

    def judge(self, way: Worker, run_id: str, *, judged: bool = True) -> None:
        """Let the gate judge; not ``judged``: say that it has, for the gate takes longer than all the rest."""
        if judged:
            way.do("gate", run_id)
        else:
            with connect(self.world.dsn) as conn:
                conn.execute("update ops.batch set status = 'passed' where run_id = %s", (run_id,))

    def prove(self, where: str) -> None:
        """Every unit is on its offer once, the list shows exactly that, and the books close."""
        every = {unit: 1 for units in self.units.values() for unit in units}
        for statement in (DECIDED, STANDING):
            assert {row["unit_id"]: row["times"] for row in self.world.query(statement)} == every, where
        shown = {sku: quantity for sku, (quantity, _) in self.world.shown().items()}
        assert shown == {"A1": BASE + len(self.units["main"]), "A1R": len(self.units["resale"])}, where
        assert len(self.world.one("select body from channel.off_kaspi_list")) == len(self.units["off_kaspi"]), where
        with connect(self.world.dsn) as conn:
            for check in CHECKS:
                assert conn.execute(text_of(f"checks/{check}").encode()).fetchall() == [], (where, check)
            day = almaty_day(self.world.now)
            assert all(line.closes for line in balance(conn, "m", day, day)), where


def test_killed_at_any_statement_of_deciding_and_adding_every_unit_is_added_once(world: RestockWorld) -> None:
    turns, place, ended = Turns(world), 0, {"same run": 0, "next run": 0}
    with worker(world) as way:
        while True:
            place += 1
            turns.arrive()
            run_id = turns.next_run()
            if not way.do("stage", run_id, die_at=place)["killed"]:
                break
            if place % 2:  # Airflow tries the same run again,
                turns.finish(way, run_id, attempt=2, judged=place % 15 == 0)
                ended["same run"] += 1
            else:  # or somebody marks it failed, and the next one comes
                way.world.now = at(turns.hour)
                next_id = turns.next_run()
                turns.forget_the_dead()
                turns.finish(way, next_id, judged=place % 15 == 0)
                ended["next run"] += 1
            turns.prove(f"killed before exchange {place} of stage")
    assert place > 30 and min(ended.values()) > 10, "the run is longer than that: the kill did not reach it"


def test_killed_at_any_statement_of_publishing_every_unit_is_shown_once(world: RestockWorld) -> None:
    turns, place = Turns(world), 0
    with worker(world) as way:
        while True:
            place += 1
            turns.arrive()
            run_id = turns.next_run()
            way.do("stage", run_id)
            turns.judge(way, run_id, judged=place % 10 == 0)
            if not way.do("publish", run_id, die_at=place)["killed"]:
                break
            way.do("publish", run_id, attempt=2)
            turns.forget_the_dead()
            turns.prove(f"killed before exchange {place} of publish")
    assert place > 10


def test_two_runs_at_once_one_of_them_killed_add_every_unit_once(world: RestockWorld) -> None:
    turns = Turns(world)
    with worker(world) as one, worker(world) as other:
        for place in (None, 5, 9, 13, 17, 21, 25, 30, 35, 40, 45, 50):
            turns.arrive()
            first, second = turns.next_run(), turns.next_run()
            one.begin("stage", first, die_at=place)
            other.begin("stage", second)
            if one.end()["killed"]:
                one.begin("stage", first, attempt=2)
                one.end()
            assert "error" not in other.end()
            for way, run_id in ((one, first), (other, second)):
                turns.judge(way, run_id, judged=place is None)
            one.begin("publish", first, attempt=3)
            other.begin("publish", second)
            assert "error" not in one.end() and "error" not in other.end()
            turns.finish(one, turns.next_run(), judged=False)
            turns.prove(f"two runs at once, one killed before exchange {place}")


def test_a_decision_that_is_taken_back_at_any_statement_of_a_run_is_made_anew_and_stands_once(
    world: RestockWorld,
) -> None:
    """Between taking in the facts and deciding, both decisions would stand, and the list would count two pieces."""
    turns = Turns(world)
    turns.arrive()
    (unit,) = turns.units["main"]
    last = f"select event_id from ledger.effective_event where unit_id = '{unit}' order by seq desc limit 1"
    with worker(world) as way:
        turns.finish(way, turns.next_run())
        total = way.do("stage", turns.next_run())["exchanges"]
        for place in range(1, total + 1):
            run_id, decided = turns.next_run(), world.one(last)
            taken_back = world.event(unit, "voided", world.now, "chief", event_id=str(decided))
            way.begin("stage", run_id, stop_at=place)
            child = way.stopped()
            void = threading.Thread(target=world.book, args=(taken_back,))
            void.start()
            void.join(0.3)  # where the run holds the unit's lock, it waits
            os.kill(child, signal.SIGCONT)
            void.join()
            assert "error" not in way.end()
            turns.judge(way, run_id, judged=place % 15 == 0)
            way.do("publish", run_id)
            assert all(row["times"] == 1 for row in world.query(STANDING)), place
            assert world.shown()["A1"][0] <= BASE + 1, place
            turns.finish(way, turns.next_run(), judged=False)
            turns.prove(f"taken back before exchange {place} of stage")
            assert world.one(last) != decided
