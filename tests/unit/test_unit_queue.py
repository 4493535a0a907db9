"""Whatever comes, in whatever order and however often: the queue books what the simple model of a life books."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from include.domain.unit_life import Event, Unit, project
from include.domain.unit_queue import settle
from tests.ledger_model import (
    ARROWS,
    BIRTH,
    ENDS,
    HOUR,
    NOON,
    PEOPLE,
    SOURCES,
    TARGET,
    ModelUnit,
    Scripted,
    event,
    lives,
    may_come,
)

SHOP = "shop"
UNITS = tuple(UUID(int=n) for n in range(1, 4))


def scan(type_: str = "received", n: int = 0) -> Event:
    return event(UNITS[0], SHOP, type_, n, "Aidos")


def void(named: Event, n: int = 9) -> Event:
    return event(named.unit_id, SHOP, "voided", n, "Dana", event_id=str(named.event_id))


def fresh() -> Unit:
    return Unit(UNITS[0], SHOP)


def test_the_model_knows_the_arrows_of_the_law() -> None:
    from include.domain.unit_life import LIFE, STAYS

    law = {one.type: ({source or BIRTH for source in one.sources}, one.target.replace(STAYS, "")) for one in LIFE}
    assert law == {type_: (set(SOURCES[type_]), TARGET[type_]) for type_ in ARROWS}
    assert all(may_come(BIRTH, [target]) for target in TARGET.values() if target)


@pytest.mark.parametrize("order", [(3, 2, 1, 0), (2, 0, 1, 3), (3, 0, 1, 2), (1, 3, 2, 0), (0, 1, 2, 3)])
def test_what_waits_is_not_overtaken_by_what_happened_after_it(order: tuple[int, ...]) -> None:
    """QC would be legal right after the inspection, too; but the repacking that was told lies before it."""
    types = ("received", "inspected", "repacked", "qc_passed")
    told = [event(UNITS[0], SHOP, type_, n, PEOPLE[n % 3]) for n, type_ in enumerate(types)]
    settled = settle(fresh(), [told[n] for n in order])
    assert [one.event.type for one in settled.booked] == list(types)
    assert not settled.early


def test_a_correction_waits_for_what_it_corrects() -> None:
    first = settle(fresh(), [void(scan())])
    assert list(first.early) == [void(scan()).event_id] and not first.booked
    both = settle(fresh(), [void(scan()), scan()])
    assert [(one.event.type, one.state_from, one.state_to) for one in both.booked] == [
        ("received", None, "received"), ("voided", "received", "cancelled"),
    ]  # fmt: skip


def test_corrections_in_the_wrong_order_undo_both() -> None:
    inspected, packed = event(UNITS[0], SHOP, "inspected", 1, "Aidos"), event(UNITS[0], SHOP, "repacked", 2, "Bota")
    settled = settle(fresh(), [scan(), inspected, packed, void(inspected, 10), void(packed, 11)])
    assert (settled.unit.state, settled.unit.seq, settled.unit.worked_by) == ("received", 5, None)


def test_nothing_is_taken_back_twice() -> None:
    inspected = event(UNITS[0], SHOP, "inspected", 1, "Aidos")
    settled = settle(fresh(), [scan(), inspected, void(inspected, 10), void(inspected, 11)])
    assert next(iter(settled.never.values())).endswith("was taken back already or is a correction")
    assert settled.unit.state == "received"


def test_a_unit_born_by_a_mistaken_scan_never_was_and_may_come_after_all() -> None:
    settled = settle(fresh(), [scan(), void(scan())])
    gone = settled.unit
    assert (gone.state, gone.scan_id, gone.received_at, gone.closed_at) == ("cancelled", None, None, NOON + 9 * HOUR)
    again = settle(gone, [scan(n=2)], [scan(), void(scan())])
    assert (again.unit.state, again.unit.closed_at, again.unit.seq) == ("received", None, 3)
    assert again.unit == project(UNITS[0], SHOP, [scan(), void(scan()), scan(n=2)])


def test_an_expected_unit_is_cancelled_and_not_unborn() -> None:
    settled = settle(fresh(), [scan("requested"), void(scan("requested"))])
    assert list(settled.never.values()) == ["the birth of an expected unit cannot be voided: cancel the unit"]


def test_nobody_moves_a_unit_of_another_merchant() -> None:
    inspected = event(UNITS[0], "other", "inspected", 1, "Aidos")
    settled = settle(fresh(), [scan(), inspected, replace(void(scan()), merchant_id="other")])
    assert set(settled.never.values()) == {"the unit belongs to another merchant"}
    assert (settled.unit.state, len(settled.booked)) == ("received", 1)


@pytest.mark.parametrize("name", ["aidos", " AIDOS", "Aidos\u00a0"])
def test_a_person_is_the_same_however_a_source_writes_the_name(name: str) -> None:
    inspected = event(UNITS[0], SHOP, "inspected", 1, "Aidos")
    settled = settle(fresh(), [scan(), inspected, event(UNITS[0], SHOP, "qc_passed", 2, name)])
    assert "himself" in next(iter(settled.never.values()))


class Life(RuleBasedStateMachine):
    """Three units, a book and an inbox in memory; everything is offered to the queue and to the model."""

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        self.scripts: dict[UUID, Scripted] = {one: data.draw(lives(one, SHOP), label="life") for one in UNITS}
        self.model = {one: ModelUnit() for one in UNITS}
        self.units = {one: Unit(one, SHOP) for one in UNITS}
        self.history: dict[UUID, list[Event]] = {one: [] for one in UNITS}
        self.inbox: dict[UUID, dict[UUID, Event]] = {one: {} for one in UNITS}
        self.refused: dict[UUID, set[UUID]] = {one: set() for one in UNITS}
        self.offered: dict[UUID, set[UUID]] = {one: set() for one in UNITS}
        self.flows: dict[str, int] = {}
        self.steps = 0

    def _offer(self, events: list[Event]) -> None:
        for unit_id in UNITS:
            mine = [one for one in events if one.unit_id == unit_id]
            if mine:
                self._offer_to(unit_id, mine)

    def _offer_to(self, unit_id: UUID, events: list[Event]) -> None:
        self.offered[unit_id] |= {one.event_id for one in events}
        known = {one.event_id for one in self.history[unit_id]} | set(self.inbox[unit_id])
        queue = sorted(self.inbox[unit_id].values(), key=lambda one: (one.occurred_at, one.event_id))
        queue += {one.event_id: one for one in events if one.event_id not in known}.values()
        settled = settle(self.units[unit_id], queue, self.history[unit_id])
        self.units[unit_id] = settled.unit
        self.history[unit_id] += [one.event for one in settled.booked]
        self.inbox[unit_id] = {one.event_id: one for one in queue if one.event_id in settled.early}
        self.refused[unit_id] |= set(settled.never)
        for one in settled.booked:
            self.flows[one.state_to] = self.flows.get(one.state_to, 0) + 1
            if one.state_from:
                self.flows[one.state_from] = self.flows.get(one.state_from, 0) - 1
        self.model[unit_id].offer(events, NOON)

    @rule(picks=st.lists(st.tuples(st.sampled_from(UNITS), st.integers(0, 8)), min_size=1, max_size=12))
    def deliver(self, picks: list[tuple[UUID, int]]) -> None:
        """A portion of what the warehouse has to tell: in any order, again, with what lies between left out."""
        found = [(self.scripts[unit_id].events, place) for unit_id, place in picks]
        self._offer([events[place] for events, place in found if place < len(events)])

    @rule(unit_id=st.sampled_from(UNITS), upto=st.integers(1, 9))
    def deliver_in_order(self, unit_id: UUID, upto: int) -> None:
        self._offer(list(self.scripts[unit_id].events[:upto]))

    @rule(
        unit_id=st.sampled_from(UNITS),
        type_=st.sampled_from(sorted(ARROWS)),
        actor=st.sampled_from(PEOPLE),
        channel=st.sampled_from(["main", "off_kaspi"]),
    )
    def anything(self, unit_id: UUID, type_: str, actor: str, channel: str) -> None:
        self.steps += 1
        told = {"channel": channel} if type_ == "restock_pending" else {}
        self._offer([event(unit_id, SHOP, type_, 20 + self.steps, actor, **told)])

    @rule(unit_id=st.sampled_from(UNITS), place=st.integers(0, 8), back=st.integers(1, 3))
    def take_back(self, unit_id: UUID, place: int, back: int) -> None:
        """Void an event of the script, with those after it or without."""
        self.steps += 1
        events = self.scripts[unit_id].events[place : place + back]
        self._offer([void(one, 20 + self.steps) for one in reversed(events)])

    @rule(unit_id=st.sampled_from(UNITS))
    def take_back_the_last(self, unit_id: UUID) -> None:
        self.steps += 1
        if counting := self.model[unit_id].counting:
            self._offer([void(counting[-1], 20 + self.steps)])

    @invariant()
    def the_queue_does_what_the_model_does(self) -> None:
        for unit_id in self.scripts:
            unit, model = self.units[unit_id], self.model[unit_id]
            assert [one.event_id for one in self.history[unit_id]] == [one.event_id for one in model.booked]
            assert (unit.state or BIRTH, unit.seq, unit.scan_id) == (model.state, len(model.booked), model.scan)
            assert set(unit.worked_by or ()) == model.workers
            assert (unit.closed_at is not None) == (model.state in ENDS)
            assert set(self.inbox[unit_id]) == set(model.waiting)

    @invariant()
    def nothing_is_lost_and_nothing_moves_twice(self) -> None:
        for unit_id in self.scripts:
            booked = [one.event_id for one in self.history[unit_id]]
            assert len(booked) == len(set(booked))
            assert set(booked) | set(self.inbox[unit_id]) | self.refused[unit_id] == self.offered[unit_id]
            assert not set(booked) & set(self.inbox[unit_id])

    @invariant()
    def the_balance_closes(self) -> None:
        standing: dict[str, int] = {}
        for unit in self.units.values():
            if unit.state:
                standing[unit.state] = standing.get(unit.state, 0) + 1
        assert {state: units for state, units in self.flows.items() if units} == standing

    @invariant()
    def a_rebuild_makes_the_same_unit(self) -> None:
        for unit_id, history in self.history.items():
            assert project(unit_id, SHOP, history) == self.units[unit_id]


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
