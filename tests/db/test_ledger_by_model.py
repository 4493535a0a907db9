"""The ledger on a real PostgreSQL against the simple model: random, repeated, early, concurrent, voided events.

Draws never depend on what the database answered, so an example means the same events whenever it is run; of writers at
once only the order is the database's, and every order must be a lawful one.
"""

import datetime as dt
import itertools
import threading
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from include.clock import almaty_day
from include.db.connection import Connection, connect
from include.domain.unit_life import Event
from include.flows import ledger
from tests.ledger_model import ARROWS, BIRTH, ENDS, HOUR, NOON, PEOPLE, ModelUnit, Scripted, event, lives

BALANCE = """
select as_of, state, opening, entered, "left", closing
from ledger.balance(%s, null, %s, %s)
"""
UNITS = """
select unit_id, state, seq, scan_id, worked_by, closed_at is not null as closed
from ledger.unit
where merchant_id = %s
"""
BOOKED = """
select event_id, unit_id, merchant_id, seq, state_from, state_to, type, occurred_at, actor, source, payload
from ledger.unit_event
where merchant_id = %s
order by unit_id, seq
"""
WAITING = "select event_id, unit_id from ledger.event_inbox where merchant_id = %s"
ASIDE = "select record_key from ops.quarantine where merchant_id = %s"
EVENT = ("event_id", "unit_id", "merchant_id", "type", "occurred_at", "actor", "source", "payload")
PLACES = st.tuples(st.integers(0, 2), st.integers(0, 8))  # which unit, which event of its script
PORTIONS = st.lists(PLACES, min_size=1, max_size=12)


class Ledger(RuleBasedStateMachine):
    """Three units of a merchant who is new in every example."""

    dsn: str

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        self.conn: Connection = connect(self.dsn)
        self.conn.autocommit = True  # nothing is left open that another writer would wait for
        self.shop = f"shop {uuid4()}"
        self.ids = [uuid4() for _ in range(3)]
        drawn = [data.draw(lives(UUID(int=n), "shop"), label="life").events for n in range(3)]
        self.scripts = [
            Scripted(
                unit_id, self.shop, tuple(self._event(unit_id, one.type, (one.occurred_at - NOON) // HOUR, one.actor)
                                          for one in script)
            )
            for unit_id, script in zip(self.ids, drawn, strict=True)
        ]  # fmt: skip
        self.model = {one: ModelUnit() for one in self.ids}
        self.offered: dict[UUID, set[UUID]] = {one: set() for one in self.ids}
        self.now = NOON
        self.numbers = itertools.count(20)
        self.known: list[tuple[dt.datetime, list[dict[str, object]]]] = []

    def teardown(self) -> None:
        if not hasattr(self, "conn"):
            return
        try:
            for known_at, lines in self.known:  # what was known is known for ever
                assert self._balance(known_at) == lines
        finally:
            self.conn.close()

    def _event(self, unit_id: UUID, type_: str, n: int, actor: str, **payload: object) -> Event:
        return event(unit_id, self.shop, type_, n, actor, **payload)

    def _picked(self, picks: list[tuple[int, int]]) -> list[Event]:
        found = [(self.scripts[unit].events, place) for unit, place in picks]
        return [events[place] for events, place in found if place < len(events)]

    def _void(self, one: Event) -> Event:
        return self._event(one.unit_id, "voided", next(self.numbers), "Dana", event_id=str(one.event_id))

    def _append(self, conn: Connection, events: list[Event]) -> ledger.Outcome:
        with conn.transaction():
            return ledger.append(conn, events, self.now)

    def _offer(self, events: list[Event]) -> None:
        outcome = self._append(self.conn, events)
        before = {one.event_id for unit in self.model.values() for one in unit.booked}
        for unit_id in self.ids:
            mine = [one for one in events if one.unit_id == unit_id]
            self.offered[unit_id] |= {one.event_id for one in mine}
            if mine:
                self.model[unit_id].offer(mine, self.now)
        after = {one.event_id for unit in self.model.values() for one in unit.booked}
        assert set(outcome.accepted) == after - before
        assert outcome.repeated == {one.event_id for one in events} & before

    @rule(picks=PORTIONS)
    def deliver(self, picks: list[tuple[int, int]]) -> None:
        """A portion of what a warehouse has to tell: in any order, again, with what lies between left out."""
        self._offer(self._picked(picks))

    @rule(unit=st.integers(0, 2), upto=st.integers(1, 9))
    def deliver_in_order(self, unit: int, upto: int) -> None:
        self._offer(list(self.scripts[unit].events[:upto]))

    @rule(unit=st.integers(0, 2), type_=st.sampled_from(sorted(ARROWS)), actor=st.sampled_from(PEOPLE))
    def anything(self, unit: int, type_: str, actor: str) -> None:
        self._offer([self._event(self.ids[unit], type_, next(self.numbers), actor)])

    @rule(unit=st.integers(0, 2), place=st.integers(0, 8), back=st.integers(1, 3))
    def take_back(self, unit: int, place: int, back: int) -> None:
        """Void an event of the script, with those after it or without."""
        self._offer([self._void(one) for one in reversed(self.scripts[unit].events[place : place + back])])

    @rule(portions=st.lists(PORTIONS, min_size=2, max_size=3), voids=PORTIONS)
    def deliver_at_once(self, portions: list[list[tuple[int, int]]], voids: list[tuple[int, int]]) -> None:
        """Writers that begin at the same moment, each with a portion and a correction of its own."""
        shares = [self._picked(one) for one in portions]
        for share, one in zip(shares, self._picked(voids), strict=False):
            share.append(self._void(one))
        together = threading.Barrier(len(shares))
        failures: list[BaseException] = []

        def write(share: list[Event]) -> None:
            try:
                with connect(self.dsn) as conn:
                    together.wait(timeout=60)
                    self._append(conn, share)
            except BaseException as error:
                failures.append(error)

        writers = [threading.Thread(target=write, args=(share,)) for share in shares]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert failures == []
        for one in itertools.chain(*shares):
            self.offered[one.unit_id].add(one.event_id)
        self._believe()

    def _believe(self) -> None:
        """Take over the order in which writers at once were booked, if it is a lawful one, and what waits."""
        every = {one.event_id: one for unit in self.model.values() for one, _ in unit.waiting.values()}
        booked = [Event(**{name: row[name] for name in EVENT}) for row in self._rows(BOOKED)]
        for unit_id, unit in self.model.items():
            mine = [one for one in booked if one.unit_id == unit_id]
            assert [one.event_id for one in mine][: len(unit.booked)] == [one.event_id for one in unit.booked]
            for one in mine[len(unit.booked) :]:
                unit.book(one)
            waits = {row["event_id"] for row in self._rows(WAITING) if row["unit_id"] == unit_id}
            left = self.offered[unit_id] - waits - {one.event_id for one in mine}
            unit.refused |= left
            assert {str(one) for one in left} <= {row["record_key"] for row in self._rows(ASIDE)}
            unit.waiting = {
                one: unit.waiting.get(one) or (every.get(one) or self._told(one), self.now) for one in waits
            }

    def _told(self, event_id: UUID) -> Event:
        row = self.conn.execute(
            "select event_id, unit_id, merchant_id, type, occurred_at, actor, source, payload "
            "from ledger.event_inbox where event_id = %s",
            (event_id,),
        ).fetchone()
        assert row is not None
        return Event(**row)

    @rule(hours=st.integers(1, 30))
    def time_goes_by(self, hours: int) -> None:
        """The night expires what waited for over a day."""
        self.known.append((self.now, self._balance(self.now)))
        self.now += hours * HOUR
        with self.conn.transaction():
            ledger.expire(self.conn, self.shop, self.now)
        for unit in self.model.values():
            unit.expire(self.now)

    def _rows(self, statement: str) -> list[dict[str, object]]:
        return self.conn.execute(statement.encode(), (self.shop,)).fetchall()

    def _balance(self, known_at: dt.datetime) -> list[dict[str, object]]:
        return self.conn.execute(BALANCE.encode(), (self.shop, almaty_day(known_at), known_at)).fetchall()

    @invariant()
    def the_ledger_is_what_the_model_is(self) -> None:
        units = {row["unit_id"]: row for row in self._rows(UNITS)}
        waiting = {row["event_id"] for row in self._rows(WAITING)}
        for unit_id, unit in self.model.items():
            row = units.pop(unit_id, None)
            if row is None:
                assert unit.state == BIRTH
                continue
            assert (row["state"], row["seq"], row["scan_id"]) == (unit.state, len(unit.booked), unit.scan)
            assert set(row["worked_by"] or ()) == unit.workers
            assert row["closed"] == (unit.state in ENDS)
        assert units == {}
        assert waiting == {one for unit in self.model.values() for one in unit.waiting}

    @invariant()
    def nothing_that_is_legal_waits(self) -> None:
        for unit in self.model.values():
            assert {unit.judge(one) for one, _ in unit.waiting.values()} <= {"early"}

    @invariant()
    def nothing_is_lost_and_nothing_moves_twice(self) -> None:
        rows = self._rows(BOOKED)
        booked = [row["event_id"] for row in rows]
        aside = {row["record_key"] for row in self._rows(ASIDE)}
        assert len(booked) == len(set(booked))
        for unit_id, unit in self.model.items():
            chain = [row for row in rows if row["unit_id"] == unit_id]
            assert [row["seq"] for row in chain] == list(range(1, len(chain) + 1))
            assert [row["state_from"] for row in chain] == [None, *(row["state_to"] for row in chain)][: len(chain)]
            there = {row["event_id"] for row in chain} | set(unit.waiting)
            assert {str(one) for one in self.offered[unit_id] - there} <= aside

    @invariant()
    def the_balance_closes(self) -> None:
        lines = self._balance(self.now)
        assert all(row["opening"] + row["entered"] - row["left"] == row["closing"] for row in lines)  # type: ignore[operator]
        today = {
            row["state"]: row["closing"] for row in lines if row["as_of"] == almaty_day(self.now) and row["closing"]
        }
        states = [unit.state for unit in self.model.values() if unit.booked]
        assert today == {state: states.count(state) for state in states}

    @invariant()
    def a_rebuild_finds_nothing_to_do(self) -> None:
        from include.flows.ledger_rebuild import _rebuild

        with self.conn.transaction():
            there = [row["unit_id"] for row in self._rows(UNITS)]
            assert _rebuild(self.conn, sorted(there), dry=True) == []


def test_no_order_of_events_and_writers_breaks_the_books(new_warehouse: Callable[[], str]) -> None:
    class Machine(Ledger):
        dsn = new_warehouse()

    run_state_machine_as_test(Machine, settings=settings(max_examples=40, stateful_step_count=15, deadline=None))


@pytest.mark.parametrize("writers", [4])
def test_writers_who_tell_the_same_lives_in_other_orders_end_the_same(
    new_warehouse: Callable[[], str], writers: int
) -> None:
    """The whole lives of forty units, each writer's in an order and in portions of his own, all at once."""
    import random

    dsn = new_warehouse()
    types = ("received", "inspected", "qc_passed", "restock_pending", "on_sale", "resold")
    units = [UUID(int=1000 + n) for n in range(40)]
    events = [event(unit, "shop", type_, n, PEOPLE[n % 3]) for unit in units for n, type_ in enumerate(types)]
    failures: list[BaseException] = []
    together = threading.Barrier(writers)

    def write(seed: int) -> None:
        dice = random.Random(seed)
        mine = dice.sample(events, len(events))
        try:
            with connect(dsn) as conn:
                together.wait(timeout=60)
                while mine:
                    size = dice.randint(1, 40)
                    portion, mine = mine[:size], mine[size:]
                    with conn.transaction():
                        ledger.append(conn, portion, NOON)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with connect(dsn) as conn:
        found = conn.execute("select state, count(*) as n from ledger.unit group by state").fetchall()
        assert found == [{"state": "resold", "n": len(units)}]
        assert conn.execute("select count(*) as n from ledger.unit_event").fetchone() == {"n": len(events)}
        assert conn.execute("select count(*) as n from ledger.event_inbox").fetchone() == {"n": 0}
