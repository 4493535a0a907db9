"""Route by money on a real database: proposed from what was known, kept with its model, overruled with a reason."""

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import psycopg
import pytest

from include.db.connection import connect
from include.domain.identity import scanned_unit_id
from include.domain.unit_life import Event
from include.flows import ledger
from include.flows.route_replay import replay
from include.flows.routes import Proposal, RulingRefused, proposals, rule, stored
from tests.db.restock_world import Offer, RestockWorld, at
from tools import route_replay

KEPT = "select count(*) from channel.route_proposal"


@pytest.fixture
def world(new_warehouse: Callable[[], str]) -> Iterator[RestockWorld]:
    with RestockWorld(new_warehouse(), {"A1": Offer("A1"), "B1": Offer("B1", price=400)}).served() as made:
        made.onboard()
        yield made


def past(world: RestockWorld, channel: str, units: int, days: float | None, *, began: float = 100) -> None:
    """Units that a previous system listed ``began`` days ago, sold after about so many days; None: never."""
    events: list[Event] = []
    for n in range(units):
        label = f"{channel}-{uuid4()}"
        unit = scanned_unit_id("w1", label)
        first = -24 * began + n
        sku = "A1" if channel != "resale" else "A1R"
        moves: list[tuple[float, str, str, dict[str, object]]] = [
            (first - 3, "received", "dock", {"source": "w1", "scan_id": label, "unit_label": label, "sku": "A1",
                                             "store_id": "PP1"}),
            (first - 2, "inspected", "eye", {"grade": "A" if channel == "main" else "B", "finding": "no_fault",
                                             "signs_of_use": channel == "off_kaspi", "route": channel,
                                             "packaging_intact": channel == "main"}),
            (first - 1, "qc_passed", "checker", {}),
            (first, "restock_pending", "previous", {"channel": channel, "offer_sku": sku, "resale_price": 9_250}),
            (first, "on_sale", "previous", {"proof": "observed"}),
        ]  # fmt: skip
        if days is not None:
            moves.append((first + 24 * days * (0.5 + n / units), "resold", "previous",
                          {"attribution": "scan", "resale_price": 9_250}))  # fmt: skip
        events += [world.event(unit, type_, at(hours), actor, **payload) for hours, type_, actor, payload in moves]
    with connect(world.dsn) as conn:
        outcome = ledger.append(conn, events, world.now)
        assert not outcome.rejected and not outcome.waiting


def follow(world: RestockWorld) -> None:
    with connect(world.dsn) as conn:
        conn.execute("update ops.setting set value = '[\"m\"]' where name = 'route_by_money'")


def propose(world: RestockWorld, unit: UUID, hours: float) -> Proposal:
    with connect(world.dsn) as conn:
        return proposals(conn, [unit], at(hours))[unit]


def test_every_route_has_its_parts_and_its_interval_and_is_kept_with_the_model(world: RestockWorld) -> None:
    past(world, "main", 30, 10)
    past(world, "resale", 30, 10)
    world.restock(0.5)
    unit = world.unit("U1", "A1", 1)
    found = propose(world, unit, 2)

    assert found.model == "recovery-1" and found.known_on == dt.date(2026, 11, 14)
    assert (found.choice.route, found.choice.plain) == ("main", "main"), "as quick, and dearer"
    assert [one.route for one in found.estimates] == ["main", "resale", "off_kaspi", "repair", "supplier", "write_off"]
    main, resale, _, repair, supplier, _ = found.estimates
    assert main.price == 10_000 and resale.price == 9_250 and resale.discount_permille == 75
    assert main.low < main.net < main.high
    assert main.net == main.parts.net and main.parts.fee > 1_000 and main.parts.handling == 500
    assert main.unknown == ("holding", "write_off"), "there is no price list of the work"
    assert 0.9 < main.sale_probability <= 1 and 5 < main.days < 20
    assert (repair.refusal, supplier.refusal) == ("after_inspection", "after_inspection")
    assert world.one("select count(*) from channel.route_estimate") == 6


def test_a_proposal_is_kept_once_a_day_and_nobody_changes_it(world: RestockWorld) -> None:
    past(world, "main", 20, 10)
    world.restock(0.5)
    unit = world.unit("U1", "A1", 1)
    first = propose(world, unit, 2)
    assert propose(world, unit, 9) == first and world.one(KEPT) == 1
    past(world, "main", 20, 1)  # learned since: it was otherwise than we knew
    world.restock(2.5)
    with connect(world.dsn) as conn:
        assert stored(conn, [unit])[unit] != first, "the one it was decided by"
        assert world.one(f"select count(*) from channel.route_proposal where proposal_id = '{first.proposal_id}'") == 1
    for statement in (
        "update channel.route_proposal set proposed = 'resale'", "delete from channel.route_estimate",
        "update channel.route_ruling set reason = 'x'",
    ):  # fmt: skip
        with connect(world.dsn) as conn, pytest.raises(psycopg.Error):
            conn.execute(statement.encode())


def test_nothing_that_happened_later_is_known(world: RestockWorld) -> None:
    past(world, "main", 25, None)
    past(world, "resale", 25, 4)
    world.restock(0.5)
    unit = world.unit("U1", "A1", 1)
    early = dt.timedelta(days=98)
    with connect(world.dsn) as conn:
        then = proposals(conn, [unit], at(2) - early)[unit]
        now = proposals(conn, [unit], at(2))[unit]
    assert then.known_on < now.known_on
    assert then.choice.route == "main", "two days of waiting prove nothing"
    assert now.choice.route == "resale"
    assert now.of("main").sale_probability < 0.2 < 0.9 < now.of("resale").sale_probability


def test_the_plain_rule_decides_until_the_merchant_lets_money_decide(world: RestockWorld) -> None:
    past(world, "main", 25, None)
    past(world, "resale", 25, 4)
    plain = world.unit("U1", "A1", 1)
    assert world.restock(2) == "published"
    follow(world)
    money = world.unit("U2", "A1", 2)
    used = world.unit("U3", "A1", 2, used=True, grade="C", route="off_kaspi")
    assert world.restock(3) == "published"

    channels = {row["unit_id"]: row for row in world.query("select unit_id, channel, seq from ledger.unit")}
    assert [channels[unit]["channel"] for unit in (plain, money, used)] == ["main", "resale", "off_kaspi"]
    decided = world.query(
        f"select payload, actor from ledger.unit_event where unit_id = '{money}' and type = 'restock_pending'"
    )
    (event,) = decided
    assert event["actor"] == "policy" and event["payload"]["model"] == "recovery-1"
    kept = world.query(f"select * from channel.route_proposal where proposal_id = '{event['payload']['proposal_id']}'")
    assert [(row["unit_id"], row["plain"], row["proposed"], row["why"]) for row in kept] == [
        (money, "main", "resale", "best")
    ]


def test_a_person_overrules_with_a_reason_before_it_is_decided(world: RestockWorld) -> None:
    world.restock(0.5)  # the merchant's list is read
    unit, other = world.unit("U1", "A1", 1), world.unit("U2", "A1", 1, route="off_kaspi", grade="A")
    with connect(world.dsn) as conn:
        rule(conn, unit, "off_kaspi", "a gift box for the outlet", "dana", at(1.5), uuid4())
        rule(conn, other, "main", "the inspector was wrong", "dana", at(1.5), uuid4())
    assert world.restock(2) == "published"

    assert world.one(f"select channel from ledger.unit where unit_id = '{unit}'") == "off_kaspi"
    assert world.one(f"select channel from ledger.unit where unit_id = '{other}'") == "main"
    (event,) = world.query(
        f"select actor, payload from ledger.unit_event where unit_id = '{unit}' and type = 'restock_pending'"
    )
    assert event["actor"] == "dana" and "a gift box for the outlet" in event["payload"]["reason"]
    (ruling,) = world.query(f"select * from channel.route_ruling where unit_id = '{unit}'")
    assert str(ruling["ruling_id"]) == event["payload"]["ruling_id"]
    assert str(ruling["proposal_id"]) == event["payload"]["proposal_id"], "what he saw is kept, too"


@pytest.mark.parametrize(
    ("facts", "route", "reason", "code"),
    [
        ({"used": True, "grade": "C", "route": "off_kaspi"}, "main", "nobody will see", "kaspi_forbids"),
        ({"used": True, "grade": "C", "route": "off_kaspi"}, "resale", "nobody will see", "kaspi_forbids"),
        ({"grade": "B", "intact": False}, "main", "it looks new", "not_as_new"),
        ({}, "resale", "  ", "no_reason"),
        ({}, "write_off", "I do not like it", "after_inspection"),
    ],
)
def test_nobody_overrules_policy_and_nobody_without_a_reason(
    world: RestockWorld, facts: dict[str, object], route: str, reason: str, code: str
) -> None:
    unit = world.unit("U1", "A1", 1, **facts)  # type: ignore[arg-type]
    with connect(world.dsn) as conn, pytest.raises(RulingRefused) as refused, conn.transaction():
        rule(conn, unit, route, reason, "dana", at(1.5), uuid4())
    assert refused.value.code == code
    assert world.one("select count(*) from channel.route_ruling") == 0


def test_a_ruling_about_a_unit_on_an_offer_takes_it_off_and_it_passes_qc_again(world: RestockWorld) -> None:
    unit = world.unit("U1", "A1", 1)
    world.restock(2)
    form = uuid4()
    for _ in range(2):  # the form is sent twice
        with connect(world.dsn) as conn:
            rule(conn, unit, "resale", "the box is scratched", "dana", at(2.2), form)
    assert world.one("select count(*) from channel.route_ruling") == 1
    assert world.state(unit) == "inspected"
    world.restock(3)
    assert world.shown()["A1"] == (5, 10_000)

    world.book(world.event(unit, "qc_passed", at(3.5), "checker"))
    world.restock(4)
    assert world.shown()["A1R"] == (1, 9_250)

    world.now = at(5)
    world.book(
        world.event(unit, "withdrawn", at(5), "desk"),
        world.event(unit, "inspected", at(5.1), "eye", grade="A", finding="no_fault", signs_of_use=False, route="main"),
        world.event(unit, "qc_passed", at(5.2), "checker"),
    )
    world.restock(6)
    assert world.shown()["A1"] == (6, 10_000), "looked at anew, it is decided anew"


def test_a_sale_that_would_leave_nothing_is_illegal(world: RestockWorld) -> None:
    world.restock(0.5)
    unit = world.unit("U1", "B1", 1)
    found = propose(world, unit, 2)
    assert {one.route: one.refusal for one in found.estimates if one.route in ("main", "resale", "off_kaspi")} == {
        "main": "nothing_left", "resale": "nothing_left", "off_kaspi": "nothing_left",
    }  # fmt: skip
    assert found.choice.route is None
    world.restock(2)
    assert world.state(unit) == "qc"
    subject = "select subject from core.discrepancy where kind = 'restock_refused' and status = 'open'"
    assert world.one(subject) == "selling it for 400 tenge would recover nothing"
    with connect(world.dsn) as conn, pytest.raises(RulingRefused, match="nothing_left"):
        rule(conn, unit, "off_kaspi", "try it", "dana", at(2.5), uuid4())


def test_two_ask_at_once_and_get_one_proposal(world: RestockWorld) -> None:
    units = [world.unit(f"U{n}", "A1", 1) for n in range(5)]
    together, found = threading.Barrier(3), []

    def ask() -> None:
        with connect(world.dsn) as conn:
            together.wait()
            found.append(proposals(conn, units, at(2)))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert found[0] == found[1] == found[2] and len(found[0]) == 5
    assert world.one(KEPT) == 5
    assert world.one("select count(*) from channel.route_estimate") == 30


def test_nothing_is_proposed_for_what_is_not_here_and_broken_goods_may_be_mended(world: RestockWorld) -> None:
    sold, broken = world.unit("U1", "A1", 1), scanned_unit_id("w1", "U2")
    world.book(
        world.event(broken, "received", at(0), source="w1", scan_id="U2", unit_label="U2", sku="A1", store_id="PP1"),
        world.event(broken, "inspected", at(1), "eye", grade="C", finding="defective", signs_of_use=False,
                    route="repair"),
    )  # fmt: skip
    world.restock(2)
    world.fetched(2.1)
    world.restock(2.2)
    world.book(world.event(sold, "resold", at(3), "desk", attribution="scan"))
    with connect(world.dsn) as conn:
        found = proposals(conn, [sold, broken, uuid4()], at(4))
    assert set(found) == {broken}
    legal = {one.route for one in found[broken].estimates if one.legal}
    assert legal == {"off_kaspi", "repair", "supplier", "write_off"}
    assert found[broken].of("repair").unknown[0] == "repair", "nobody ever repaired one here"
    assert found[broken].of("supplier").net is None, "what a supplier credits is not known"


def test_the_replay_compares_and_writes_nothing(world: RestockWorld, capsys: pytest.CaptureFixture[str],
                                                monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    past(world, "main", 40, None, began=150)
    past(world, "resale", 40, 4, began=150)
    past(world, "main", 10, None, began=70)
    world.restock(0.5)
    before = world.business_rows()
    with connect(world.dsn) as conn:
        conn.read_only = True
        found = replay(conn, "m", at(1))
    assert found is not None
    assert found.units == 90 and found.checked == 90
    assert found.moves == {("main", "resale"): found.differ} and 10 <= found.differ < 50, "the first weeks know nothing"
    assert found.money > found.plain and found.gain_low > 0
    assert found.sold == pytest.approx(40 / 90)
    assert abs(found.expected_sold - found.sold) < 0.3

    monkeypatch.setenv("QAITARYM_WAREHOUSE_DSN", world.dsn)
    assert route_replay.main(["--as-of", at(1).isoformat()]) == 0
    told = capsys.readouterr().out
    assert "no promise" in told and "takes for granted" in told and f"main to resale {found.differ}" in told
    assert world.business_rows() == before and world.one(KEPT) == 0
