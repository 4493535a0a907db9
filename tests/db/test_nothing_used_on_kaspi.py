"""No used or repaired unit ever stands behind a Kaspi offer, whatever is told, written or run, in whatever order."""

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from include.db.connection import connect
from include.db.statements import text_of
from include.domain.identity import event_id, scanned_unit_id
from include.domain.unit_life import OFF_THE_SHELF, Event
from include.flows import ledger, restock_sync
from include.flows.restock_decisions import decide
from include.flows.routes import settings_of
from include.flows.run import Run
from include.quality.gate import judge
from include.quality.suites.restock_sync import SUITE
from tests.conftest import TestServer
from tests.db.restock_world import Offer, RestockWorld, at

STANDS = """
select unit_id, decision_seq, channel
from channel.addition
where withdrawn_at is null and channel <> 'off_kaspi'
"""
LOOK = {"grade": "A", "finding": "no_fault", "route": "main", "signs_of_use": False, "packaging_intact": True}


@pytest.fixture
def world(new_warehouse: Callable[[], str]) -> Iterator[RestockWorld]:
    with RestockWorld(new_warehouse(), {"A1": Offer("A1")}).served() as made:
        made.onboard()
        yield made


def look(world: RestockWorld, unit: UUID, hours: float, actor: str = "second", **seen: Any) -> Event:
    return world.event(unit, "inspected", at(hours), actor, **{**LOOK, **seen})


def offer(world: RestockWorld, events: list[Event]) -> ledger.Outcome:
    with connect(world.dsn) as conn:
        return ledger.append(conn, events, world.now)


def test_the_database_knows_the_same_types_as_the_law(world: RestockWorld) -> None:
    assert set(world.one("select ledger.off_the_shelf()")) == OFF_THE_SHELF


def test_signs_of_use_found_on_the_shelf_take_the_unit_off_kaspi(world: RestockWorld) -> None:
    unit, other = world.unit("U1", "A1", 1), world.unit("U2", "A1", 1)
    assert world.restock(2) == "published"
    assert world.shown()["A1"] == (7, 10_000)

    found = offer(world, [look(world, unit, 2.5, grade="C", signs_of_use=True)])
    assert list(found.waiting) and world.state(unit) == "restock_pending", "it waits, and is offered no more:"
    assert world.one("select count(*) from channel.offered_unit") == 1

    assert world.restock(3) == "published"
    assert world.state(unit) == "inspected"
    assert world.shown()["A1"] == (6, 10_000)
    world.book(world.event(unit, "qc_passed", at(3.5), "checker"))
    world.restock(4)
    assert world.shown()["A1"] == (6, 10_000)
    assert [row["unit_id"] for row in world.query(STANDS)] == [other]
    assert world.state(unit) == "on_sale", "it is sold at the outlet"
    assert world.one(f"select channel from ledger.unit where unit_id = '{unit}'") == "off_kaspi"


def test_another_look_does_not_make_signs_of_use_go_away_a_voided_one_does(world: RestockWorld) -> None:
    unit = world.unit("U1", "A1", 1, used=True, grade="C", route="off_kaspi")
    kind = world.event(unit, "qc_failed", at(1.2), "checker")
    clean = look(world, unit, 1.3, "kinder")
    unit2 = scanned_unit_id("w1", "U2")
    wrong = look(world, unit2, 1, "hasty", signs_of_use=True)
    # one that has not passed QC yet
    world.book(
        world.event(unit2, "received", at(0), source="w1", scan_id="U2", unit_label="U2", sku="A1", store_id="PP1"),
        wrong,
        world.event(unit2, "voided", at(1.1), "chief", event_id=str(wrong.event_id)),
        look(world, unit2, 1.2),
        world.event(unit2, "qc_passed", at(1.4), "checker"),
    )
    offer(world, [kind, clean])
    assert world.restock(2) == "published"

    assert [row["unit_id"] for row in world.query(STANDS)] == [unit2]
    assert world.one(f"select signs_of_use from ledger.unit where unit_id = '{unit}'") is True


@pytest.mark.parametrize(
    "attempt",
    [
        "update channel.addition set channel = 'main', offer_sku = 'A1' where unit_id = '{used}'",
        "update channel.addition set channel = 'resale' where unit_id = '{used}'",
        "update channel.addition set unit_id = '{used}' where unit_id = '{fresh}'",
        "insert into channel.addition select '{used}', decision_seq, merchant_id, store_id, channel, offer_sku, "
        "quantity, price, decided_at from channel.addition where unit_id = '{fresh}'",
        "insert into channel.addition select '{repaired}', 6, merchant_id, store_id, channel, offer_sku, "
        "quantity, price, decided_at from channel.addition where unit_id = '{fresh}'",
        "insert into channel.addition select unit_id, decision_seq + 1, merchant_id, store_id, channel, offer_sku, "
        "quantity, price, decided_at from channel.addition where unit_id = '{fresh}'",
        "update channel.addition set decision_seq = 2 where unit_id = '{fresh}'",
        "update ledger.unit set channel = 'main' where unit_id = '{used}'",
        "update ledger.unit set channel = 'resale' where unit_id = '{repaired}'",
        "update ledger.unit set signs_of_use = true where unit_id = '{fresh}'",
        "update ledger.unit set signs_of_use = null where unit_id = '{fresh}'",
        "update ledger.unit set repaired = true where unit_id = '{fresh}'",
        # the projection bent so that it would pass: the events say it still
        "update ledger.unit set signs_of_use = false, channel = 'main', offer_sku = 'A1' where unit_id = '{used}'; "
        "update channel.addition set channel = 'main', offer_sku = 'A1' where unit_id = '{used}'",
        # and with an event that was forged to go with it
        "update ledger.unit set signs_of_use = false, channel = 'main', offer_sku = 'A1' where unit_id = '{used}'; "
        "insert into ledger.unit_event select gen_random_uuid(), unit_id, merchant_id, seq + 1, 'restock_pending', "
        "'qc', 'restock_pending', occurred_at, recorded_at, actor, source, "
        "'{{\"channel\": \"main\", \"offer_sku\": \"A1\"}}' from ledger.unit_event where unit_id = '{used}' "
        "order by seq desc limit 1; "
        "update channel.addition set withdrawn_at = decided_at where unit_id = '{used}'; "
        "insert into channel.addition select unit_id, max(seq), merchant_id, 'PP1', 'main', 'A1', 1, 1, now() "
        "from ledger.unit_event where unit_id = '{used}' group by unit_id, merchant_id",
    ],
)  # fmt: skip
def test_the_tables_refuse_it_from_whoever_writes(world: RestockWorld, attempt: str) -> None:
    units = {
        "fresh": world.unit("U1", "A1", 1),
        "used": world.unit("U2", "A1", 1, used=True, grade="C", route="off_kaspi"),
        "repaired": repaired(world, "U3"),
    }
    world.restock(2)
    before = world.business_rows()
    with connect(world.dsn) as conn, pytest.raises(psycopg.errors.IntegrityError), conn.transaction():
        conn.execute(attempt.format(**units).encode())
    assert world.business_rows() == before


def repaired(world: RestockWorld, label: str) -> UUID:
    unit = scanned_unit_id("w1", label)
    world.book(
        world.event(unit, "received", at(-1), source="w1", scan_id=label, unit_label=label, sku="A1", store_id="PP1"),
        look(world, unit, 0, "inspector", grade="C", finding="defective", route="repair"),
        world.event(unit, "in_repair", at(0.3), "mender"),
        world.event(unit, "repaired", at(0.6), "mender"),
        world.event(unit, "qc_passed", at(1), "checker"),
    )
    return unit


def test_a_unit_that_leaves_its_offer_leaves_it_in_the_same_transaction(world: RestockWorld) -> None:
    unit = world.unit("U1", "A1", 1)
    world.restock(2)
    world.now = at(2.5)
    world.book(world.event(unit, "withdrawn", at(2.4), "desk"), look(world, unit, 2.5, signs_of_use=True))
    assert world.query(STANDS) == []
    assert world.one("select withdrawn_at from channel.addition") == at(2.5), "the business clock, not the server's"


def test_what_is_found_between_stage_and_publish_is_left_out_of_the_list(world: RestockWorld) -> None:
    unit = world.unit("U1", "A1", 1)
    run = world.new_run("restock_sync", 2)
    restock_sync.stage(world.dsn, run, world.ports(), "stage")
    judge(world.dsn, run, SUITE)
    world.book(world.event(unit, "withdrawn", at(2), "desk"), look(world, unit, 2, signs_of_use=True))

    with connect(world.dsn) as conn, pytest.raises(psycopg.errors.CheckViolation, match="compose it anew"):
        conn.execute("update channel.feed_version set status = 'published', published_at = composed_at")
    assert restock_sync.publish(world.dsn, run, "publish") == 1
    assert world.shown()["A1"] == (5, 10_000)
    assert world.restock(3) == "published"
    assert world.shown()["A1"] == (5, 10_000)


def test_the_gate_finds_what_somebody_bent_past_the_tables(world: RestockWorld, postgres_server: TestServer) -> None:
    unit = world.unit("U1", "A1", 1)
    world.restock(2)
    check = text_of("checks/channel/feed_offer__no_used_goods").encode()
    bends = (
        f"update ledger.unit set signs_of_use = true where unit_id = '{unit}'",
        f"update ledger.unit set repaired = true where unit_id = '{unit}'",
        "update ledger.unit_event set payload = payload || '{\"signs_of_use\": true}' where type = 'inspected'",
        f"update channel.addition set unit_id = '{uuid4()}'",
    )
    database = psycopg.conninfo.conninfo_to_dict(world.dsn)["dbname"]
    with psycopg.connect(postgres_server.address(str(database))) as conn:
        assert conn.execute(check).fetchall() == []
        for bend in bends[:3]:
            conn.execute("set session_replication_role = replica")
            conn.execute("alter table ledger.unit drop constraint if exists no_used_goods_on_kaspi")
            conn.execute(bend.encode())
            assert [row[1] for row in conn.execute(check).fetchall()] == [str(unit)], bend
            conn.rollback()


def test_a_decision_and_a_finding_at_once_leave_no_used_unit_on_kaspi(world: RestockWorld) -> None:
    """Whoever comes first: the decision waits for the finding's lock, or the finding finds a unit that is offered."""
    for turn in range(12):
        unit = world.unit(f"T{turn}", "A1", 1 + turn)
        run = world.new_run("restock_sync", 2 + turn)
        passed = world.one(f"select event_id from ledger.unit_event where unit_id = '{unit}' and type = 'qc_passed'")
        together = threading.Barrier(2)

        def take_back(unit: UUID = unit, passed: UUID = passed, turn: int = turn, both: Any = together) -> None:
            both.wait()
            offer(
                world,
                [
                    world.event(unit, "voided", at(1.5 + turn), "chief", event_id=str(passed)),
                    look(world, unit, 1.6 + turn, signs_of_use=True),
                    world.event(unit, "qc_passed", at(1.7 + turn), "checker"),
                ],
            )

        def put_on_sale(run: Run = run, both: Any = together) -> None:
            both.wait()
            with connect(world.dsn) as conn:
                decide(conn, run, "m", settings_of(conn))

        threads = [threading.Thread(target=one) for one in (take_back, put_on_sale)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        world.restock(2.5 + turn)
        assert world.query(STANDS) == [], f"turn {turn}"
    assert world.one("select count(*) from channel.addition where withdrawn_at is null") == 12


class WayRound(RuleBasedStateMachine):
    """Somebody tries everything to get used goods onto Kaspi; what is true of a unit is kept beside the database."""

    world: RestockWorld

    @initialize()
    def begin(self) -> None:
        self.hour = float(self.world.runs + 10)
        self.units = [scanned_unit_id("w1", str(uuid4())) for _ in range(2)]
        self.told: dict[UUID, list[Event]] = {}
        for n, unit in enumerate(self.units):
            self.tell(n, "received", "dock", source="w1", scan_id=str(unit), unit_label=str(unit), sku="A1",
                      store_id="PP1")  # fmt: skip

    def moment(self) -> dt.datetime:
        self.hour += 0.01
        return at(self.hour)

    def tell(self, n: int, type_: str, actor: str, **payload: Any) -> None:
        moment = self.moment()
        unit = self.units[n]
        event = Event(event_id(type_, unit, moment), unit, "m", type_, moment, actor, "wms", payload)
        self.world.now = moment
        self.told.setdefault(unit, []).append(event)
        offer(self.world, [event])

    @rule(n=st.integers(0, 1), used=st.booleans(), grade=st.sampled_from("ABC"),
          route=st.sampled_from(["main", "resale", "off_kaspi", "repair"]),
          finding=st.sampled_from(["no_fault", "defective"]))  # fmt: skip
    def inspect(self, n: int, used: bool, grade: str, route: str, finding: str) -> None:
        self.tell(n, "inspected", "eye", **{**LOOK, "signs_of_use": used, "grade": grade, "route": route,
                                            "finding": finding})  # fmt: skip

    @rule(n=st.integers(0, 1), used=st.booleans(), grade=st.sampled_from("AB"))
    def pass_it(self, n: int, used: bool, grade: str) -> None:
        """The short way to an offer, which chance alone seldom finds."""
        self.inspect(n, used, grade, "main", "no_fault")
        self.check(n, passed=True)

    @rule(n=st.integers(0, 1), type_=st.sampled_from(["repacked", "in_repair", "repaired", "withdrawn"]))
    def work(self, n: int, type_: str) -> None:
        self.tell(n, type_, "hand")

    @rule(n=st.integers(0, 1), passed=st.booleans())
    def check(self, n: int, passed: bool) -> None:
        self.tell(n, "qc_passed" if passed else "qc_failed", "checker")

    @rule(n=st.integers(0, 1), channel=st.sampled_from(["main", "resale"]))
    def list_it_by_the_previous_system(self, n: int, channel: str) -> None:
        self.tell(n, "restock_pending", "previous", channel=channel, offer_sku="A1" if channel == "main" else "A1R")

    @rule(n=st.integers(0, 1))
    def take_back_the_last(self, n: int) -> None:
        last = self.world.query(
            f"select event_id from ledger.effective_event where unit_id = '{self.units[n]}' order by seq desc limit 1"
        )
        if last and len(self.told[self.units[n]]) > 1:
            self.tell(n, "voided", "chief", event_id=str(last[0]["event_id"]))

    @rule()
    def run_restock(self) -> None:
        """A run, with the one check of the gate that this is about: all of them would take most of the time."""
        self.hour += 0.1
        world, run = self.world, self.world.new_run("restock_sync", self.hour)
        restock_sync.stage(world.dsn, run, world.ports(), run.run_id)
        with connect(world.dsn) as conn:
            conn.execute("select set_config('qaitarym.dag_id', %s, false)", (run.dag_id,))
            conn.execute("select set_config('qaitarym.run_id', %s, false)", (run.run_id,))
            assert conn.execute(text_of("checks/channel/feed_offer__no_used_goods").encode()).fetchall() == []
            conn.execute("update ops.batch set status = 'passed' where run_id = %s", (run.run_id,))
        restock_sync.publish(world.dsn, run, run.run_id)
        assert self.world.status(run) == "published"
        assert not self.offered_by_the_list() & self.forbidden(), "in the list that is served"

    @rule(n=st.integers(0, 1), attempt=st.sampled_from([
        "update channel.addition set withdrawn_at = null where unit_id = '{unit}'",
        "update channel.addition set channel = 'main', offer_sku = 'A1' where unit_id = '{unit}'",
        "update ledger.unit set channel = 'main', offer_sku = 'A1' where unit_id = '{unit}'",
        "update ledger.unit set signs_of_use = false, repaired = false where unit_id = '{unit}'",
        "insert into channel.addition select unit_id, seq, merchant_id, 'PP1', 'main', 'A1', 1, 1, occurred_at "
        "from ledger.unit_event where unit_id = '{unit}' on conflict do nothing",
    ]))  # fmt: skip
    def write_it_directly(self, n: int, attempt: str) -> None:
        """What gets through may leave nothing behind that stands: so the whole is undone where it is refused."""
        with connect(self.world.dsn) as conn:
            try:
                conn.execute(attempt.format(unit=self.units[n]).encode())
                conn.execute("set constraints all immediate")
                standing = conn.execute(STANDS.encode()).fetchall()
            except psycopg.errors.IntegrityError:
                standing = []
            conn.rollback()
        assert not {row["unit_id"] for row in standing} & self.forbidden(), attempt

    def forbidden(self) -> set[UUID]:
        """What may not be on Kaspi by what the ledger accepted and nobody voided, told without its functions."""
        rows = self.world.query("select event_id, unit_id, type, payload from ledger.unit_event order by unit_id, seq")
        voided = {UUID(row["payload"]["event_id"]) for row in rows if row["type"] == "voided"}
        counts = [row for row in rows if row["event_id"] not in voided]
        return {
            row["unit_id"]
            for row in counts
            if row["type"] == "repaired" or (row["type"] == "inspected" and row["payload"]["signs_of_use"])
        }

    def offered_by_the_list(self) -> set[UUID]:
        rows = self.world.query(
            """
            select carried.unit_id from channel.stage_addition as carried
            inner join channel.feed_version using (merchant_id, dag_id, run_id)
            where carried.channel <> 'off_kaspi' and version = (
                select max(version) from channel.feed_version where status = 'published'
            )
            """
        )
        return {row["unit_id"] for row in rows}

    @invariant()
    def nothing_used_stands_behind_a_kaspi_offer(self) -> None:
        if not hasattr(self, "units"):
            return
        forbidden = self.forbidden()
        assert not {row["unit_id"] for row in self.world.query(STANDS)} & forbidden
        assert (
            not {
                row["unit_id"]
                for row in self.world.query("select unit_id from channel.offered_unit where channel <> 'off_kaspi'")
            }
            & forbidden
        )
        assert (
            self.world.query(
                "select unit_id from ledger.unit where channel in ('main', 'resale') "
                "and (signs_of_use is not false or repaired)"
            )
            == []
        )
        twice = "select unit_id from channel.addition where withdrawn_at is null group by unit_id having count(*) > 1"
        assert self.world.query(twice) == []


def test_no_order_of_events_and_runs_gets_used_goods_onto_kaspi(world: RestockWorld) -> None:
    WayRound.world = world
    run_state_machine_as_test(
        WayRound, settings=settings(max_examples=12, stateful_step_count=25, deadline=None, derandomize=True)
    )
    assert world.one("select count(*) from channel.addition where channel <> 'off_kaspi'") > 0
    assert world.one("select count(*) from channel.addition where channel = 'off_kaspi'") > 0
