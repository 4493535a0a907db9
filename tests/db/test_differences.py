"""Every difference is a case with age, money, owner and an end; the facts end it, or a person with a reason."""

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from include.db.connection import connect
from include.db.statements import text_of
from include.domain.identity import event_id
from include.domain.unit_life import Event
from include.flows import discrepancies, ledger
from include.flows.balance import balance, end_of
from include.flows.discrepancies import DifferenceRefused, Said
from tests.db.receipts_world import PRICE, ReceiptsWorld
from tests.fingerprint import fingerprint

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"


@pytest.fixture
def world(new_warehouse: Callable[[], str], tmp_path: Path) -> ReceiptsWorld:
    here = ReceiptsWorld(new_warehouse(), tmp_path / "drop")
    here.set_up("tech", "kids")
    return here


def must_hold(world: ReceiptsWorld) -> None:
    """Every verdict is what the facts say, every case is its verdict's, every line of the balance closes."""
    for check in ("core/unit_verdict__is_what_the_facts_say", "core/discrepancy__is_its_verdict",
                  "ledger/unit__received_is_accepted_scans"):  # fmt: skip
        assert world.query(text_of(f"checks/{check}")) == [], check
    today = world.now.astimezone(dt.timezone(dt.timedelta(hours=5))).date()
    with connect(world.dsn) as conn:
        assert all(line.closes for line in balance(conn, "tech", today, today))


def case(world: ReceiptsWorld, kind: str) -> dict[str, Any]:
    (row,) = world.query("select * from core.discrepancy where kind = %s", kind)
    return row


def test_what_does_not_come_is_overdue_then_lost_and_comes_late_after_all(world: ReceiptsWorld) -> None:
    world.order("700")
    world.receipts(13)
    assert world.verdicts() == {"expected": 1} and world.cases() == []
    world.receipts(14)
    assert world.cases() == [("overdue", "open", None)]
    row = case(world, "overdue")
    assert (row["opened_at"], row["found_at"], row["due_at"]) == (world.day(14), world.day(14), world.day(45))
    assert (row["money_at_risk"], row["owner"], row["order_code"]) == (PRICE, "carrier", "700")
    world.receipts(46)
    assert world.cases() == [("lost", "open", None), ("overdue", "resolved", "lost")]
    assert case(world, "lost")["due_at"] == world.day(46 + 7)
    world.receipts(50, world.scan("L1", 49.9, order_code="700", sku="AT1"))
    assert world.verdicts() == {"late": 1}
    assert world.cases() == [("lost", "resolved", "came_late"), ("overdue", "resolved", "lost")]
    events = world.query("select status, resolution, actor, recorded_at from core.discrepancy_event order by 4")
    assert [(one["resolution"], one["actor"], one["recorded_at"]) for one in events] == [
        ("lost", "pipeline", world.day(46)), ("came_late", "pipeline", world.day(50)),
    ]  # fmt: skip
    must_hold(world)


def test_a_receipt_that_is_only_told_late_was_in_time(world: ReceiptsWorld) -> None:
    world.order("700")
    world.receipts(20)
    assert world.cases() == [("overdue", "open", None)]
    world.receipts(21, world.scan("L1", 10, order_code="700", sku="AT1"))
    assert world.verdicts() == {"matched": 1}
    assert world.cases() == [("overdue", "resolved", "told_late")]
    known = "select kind from core.differences_known(array['tech'], %s)"
    assert world.query(known, world.day(20.5)) == [{"kind": "overdue"}], "on that day it was known so"
    assert world.query(known, world.day(21)) == world.query(known, world.day(19.9)) == []
    must_hold(world)


def test_a_return_of_three_comes_in_two_parcels(world: ReceiptsWorld) -> None:
    world.order("700", 3)
    world.receipts(5, world.scan("L1", 5, order_code="700", sku="AT1"))
    world.receipts(7.9)
    assert world.verdicts() == {"matched": 1, "expected": 2} and world.cases() == []
    world.receipts(8)
    assert world.verdicts() == {"matched": 1, "short": 2}
    assert world.cases() == [("short", "open", None)] * 2
    world.receipts(
        9, world.scan("L2", 9, order_code="700", sku="AT1"), world.scan("L3", 9, order_code="700", sku="AT1")
    )
    assert world.verdicts() == {"matched": 3}
    assert world.cases() == [("short", "resolved", "came")] * 2
    must_hold(world)


def test_what_the_dock_reports_missing_is_no_second_case_when_it_is_lost(world: ReceiptsWorld) -> None:
    world.order("700", 2)
    world.receipts(
        5.2, world.scan("L1", 5, order_code="700", sku="AT1"),
        world.said("missing_from_parcel", 5.1, order_code="700", sku="AT1"),
    )  # fmt: skip
    assert world.verdicts() == {"matched": 1, "missing_from_parcel": 1}
    row = case(world, "missing_from_parcel")
    assert (row["money_at_risk"], row["owner"], row["status"]) == (PRICE, "carrier", "open")
    assert row["unit_id"] is not None
    world.receipts(50)
    assert world.cases() == [("missing_from_parcel", "open", None)]
    world.receipts(51, world.scan("L2", 51, order_code="700", sku="AT1"))
    assert world.cases() == [("missing_from_parcel", "resolved", "came")]
    assert world.verdicts() == {"matched": 1, "late": 1}
    must_hold(world)


def test_one_label_scanned_many_times_is_one_case_and_news_when_it_is_scanned_again(world: ReceiptsWorld) -> None:
    world.order("700")
    world.receipts(1.2, *[world.scan("L1", 1 + n / 100, order_code="700", sku="AT1") for n in range(3)])
    assert world.query("select verdict, repeats from core.unit_verdict") == [{"verdict": "matched", "repeats": 2}]
    assert world.cases() == [("duplicate_scan", "open", None)]
    settle(world, case(world, "duplicate_scan")["discrepancy_id"], at=1.5)
    world.receipts(2)
    assert world.cases() == [("duplicate_scan", "resolved", "mistake")]
    world.receipts(3, world.scan("L1", 3, order_code="700", sku="AT1"))
    assert world.cases() == [("duplicate_scan", "open", None)]
    assert case(world, "duplicate_scan")["reopened_at"] == world.day(3)
    must_hold(world)


def test_goods_of_nobody_are_unexpected_until_they_are_somebodys_or_gone(world: ReceiptsWorld) -> None:
    world.receipts(1, world.scan("L1", 1), world.scan("L2", 1, sku="AT2"))
    assert world.verdicts() == {"unexpected": 2}
    money = world.query("select subject, money_at_risk, owner from core.discrepancy order by 1")
    assert [tuple(row.values()) for row in money] == [("L1", 0, "warehouse"), ("L2", 20_000, "warehouse")]
    units = {row["unit_label"]: row["unit_id"] for row in world.query("select unit_label, unit_id from ledger.unit")}
    world.order("700", expected=False)
    world.book(units["L1"], "adopted", 2, order_id="o700", entry_id="e700", piece=1, sku="AT1")
    world.book(units["L2"], "disposed", 2)
    world.receipts(2.1)
    assert world.verdicts() == {"matched": 1, "unexpected": 1}
    assert world.cases() == [("unexpected", "resolved", "adopted"), ("unexpected", "resolved", "gone")]
    must_hold(world)


def test_more_than_was_sold_and_more_than_was_asked_for_is_over(world: ReceiptsWorld) -> None:
    world.order("700")
    world.order("701", 3, asked=1)
    world.receipts(
        1.2, world.scan("L1", 1, order_code="700", sku="AT1"), world.scan("L2", 1.1, order_code="700", sku="AT1"),
        world.scan("L3", 1, return_label="701-1-R"), world.scan("L4", 1.1, return_label="701-1-R"),
    )  # fmt: skip
    assert world.verdicts() == {"matched": 2, "over": 2}
    over = world.query("select subject, money_at_risk from core.discrepancy where kind = 'over' order by 1")
    assert [tuple(row.values()) for row in over] == [("L2", 0), ("L4", 0)]
    # the file with the right number comes later
    world.query("update core.return_case set quantity = 2, units_hi = 2 where order_id = 'o701' returning 1")
    world.receipts(1.3)
    assert world.cases() == [("over", "open", None), ("over", "resolved", "asked_for")]
    must_hold(world)


def test_a_parcel_that_no_status_told_of_is_announced_later(world: ReceiptsWorld) -> None:
    world.order("700", expected=False)
    world.receipts(1, world.scan("L1", 1, order_code="700", sku="AT1"))
    assert world.cases() == [("no_request", "open", None)]
    world.query("update core.return_case set signal_status = 'RETURNED' returning 1")
    world.receipts(2)
    assert world.cases() == [("no_request", "resolved", "announced")]
    must_hold(world)


def test_another_thing_in_the_parcel_is_a_wrong_item_until_it_leaves(world: ReceiptsWorld) -> None:
    world.order("700")
    look = {"packaging_intact": "true", "complete": "true", "documents": "true", "signs_of_use": "false", "grade": "D",
            "finding": "wrong_item", "route": "supplier", "zone": "unrecoverable"}  # fmt: skip
    world.receipts(
        1.2, world.scan("L1", 1, order_code="700", sku="AT1"), world.said("inspected", 1.1, unit_label="L1", **look)
    )
    assert world.cases() == [("wrong_item", "open", None)]
    assert case(world, "wrong_item")["opened_at"] == world.day(1.1)
    world.receipts(2, world.said("returned_to_buyer", 2, unit_label="L1"))
    assert world.cases() == [("wrong_item", "resolved", "gone")]
    must_hold(world)


def test_a_receipt_that_was_a_mistake_is_expected_again(world: ReceiptsWorld) -> None:
    world.order("700")
    scan = world.scan("L1", 1, order_code="700", sku="AT1")
    world.receipts(1, scan)
    assert world.verdicts() == {"matched": 1}
    world.receipts(20, world.said("voided", 20, unit_label="L1", voids=scan["event_id"]))
    assert world.verdicts() == {"overdue": 1}
    assert world.cases() == [("overdue", "open", None)]
    must_hold(world)


@pytest.mark.parametrize("bend", ["update ledger.unit set received_at = null, state = 'requested'",
                                  "update core.warehouse_event set outcome = 'rejected'"])  # fmt: skip
def test_a_ledger_and_a_dock_that_do_not_agree_are_told(world: ReceiptsWorld, bend: str) -> None:
    world.order("700")
    world.receipts(1, world.scan("L1", 1, order_code="700", sku="AT1"))
    world.query(f"{bend} returning 1")
    world.receipts(2)
    assert world.cases() == [("unproven", "open", None)]
    assert case(world, "unproven")["due_at"] == world.day(3)


# --- people


def settle(world: ReceiptsWorld, discrepancy_id: UUID, at: float, how: str | None = "mistake", **more: str) -> None:
    said = {"actor": "saule", "note": "the label was printed twice", **more}
    with connect(world.dsn) as conn:
        discrepancies.say(conn, discrepancy_id, Said(said["actor"], world.day(at), how, said["note"]))


def test_a_person_settles_a_difference_with_a_reason_and_it_stays_settled(world: ReceiptsWorld) -> None:
    world.order("700")
    world.receipts(15)
    found = case(world, "overdue")["discrepancy_id"]
    settle(world, found, 15.2, "compensated", note=" the carrier paid ")
    row = case(world, "overdue")
    assert (row["status"], row["resolution"], row["resolved_by"], row["note"], row["resolved_at"]) == (
        "resolved", "compensated", "saule", "the carrier paid", world.day(15.2),
    )  # fmt: skip
    for day in (15.3, 16, 17):  # the same day and whole looks of the next ones
        world.receipts(day)
        assert world.cases() == [("overdue", "resolved", "compensated")]
    assert world.query("select seq, status, resolution, actor, note from core.discrepancy_event") == [
        {"seq": 1, "status": "resolved", "resolution": "compensated", "actor": "saule", "note": "the carrier paid"}
    ]
    must_hold(world)
    world.receipts(46)  # that it is lost now is another matter
    assert ("lost", "open", None) in world.cases()


def test_a_persons_mistake_is_taken_back_while_it_is_so(world: ReceiptsWorld) -> None:
    world.order("700")
    world.receipts(15)
    found = case(world, "overdue")["discrepancy_id"]
    settle(world, found, 15.2)
    settle(world, found, 15.3, None, note="another parcel was meant", actor="aliya")
    assert world.cases() == [("overdue", "open", None)]
    history = world.query("select seq, status, actor, note from core.discrepancy_event order by seq")
    assert [tuple(one.values()) for one in history] == [
        (1, "resolved", "saule", "the label was printed twice"), (2, "open", "aliya", "another parcel was meant"),
    ]  # fmt: skip
    settle(world, found, 15.4)
    world.receipts(16, world.scan("L1", 16, order_code="700", sku="AT1"))
    with pytest.raises(DifferenceRefused, match="still so"):
        settle(world, found, 16.5, None)
    must_hold(world)


@pytest.mark.parametrize(
    ("how", "more", "code"),
    [
        ("mistake", {"note": "  "}, "why"), ("mistake", {"actor": " "}, "no_actor"), ("gone", {}, "how"),
        (None, {}, "not_now"),
    ],
)  # fmt: skip
def test_a_person_without_a_name_or_a_reason_settles_nothing(
    world: ReceiptsWorld, how: str | None, more: dict[str, str], code: str
) -> None:
    world.order("700")
    world.receipts(15)
    with pytest.raises(DifferenceRefused) as refusal:
        settle(world, case(world, "overdue")["discrepancy_id"], 15.2, how, **more)
    assert refusal.value.code == code
    assert world.cases() == [("overdue", "open", None)]
    assert world.query("select * from core.discrepancy_event") == []
    with pytest.raises(DifferenceRefused, match="no such"):
        settle(world, UUID(int=0), 15.2)


def test_what_is_settled_is_not_settled_again(world: ReceiptsWorld) -> None:
    world.order("700")
    world.receipts(15)
    found = case(world, "overdue")["discrepancy_id"]
    settle(world, found, 15.2)
    with pytest.raises(DifferenceRefused, match="settled already"):
        settle(world, found, 15.3)


def test_history_can_only_be_added_to(world: ReceiptsWorld, postgres_server: Any) -> None:
    import psycopg

    world.order("700")
    world.receipts(15)
    settle(world, case(world, "overdue")["discrepancy_id"], 15.2)
    for statement in ("update core.discrepancy_event set note = 'x'", "delete from core.discrepancy_event"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            world.query(f"{statement} returning 1")
        with (
            psycopg.connect(postgres_server.as_owner(world.dsn)) as owner,
            pytest.raises(psycopg.errors.RaiseException),
        ):
            owner.execute(statement.encode())


# --- any run, any time


def test_a_second_look_writes_nothing(world: ReceiptsWorld) -> None:
    world.order("700", 3)
    world.order("701", expected=False)
    world.receipts(9, world.scan("L1", 9, order_code="700", sku="AT1"), world.scan("L2", 9, sku="AT2"),
                   world.scan("L3", 9, order_code="701", sku="AT1"), world.scan("L3", 9.1))  # fmt: skip
    world.receipts(12.5)
    before = fingerprint(world.dsn)
    versions = "select xmin::text from core.unit_verdict union all select xmin::text from core.discrepancy order by 1"
    rows = world.query(versions)
    run = world.new_run(12.5, "again")
    for _ in range(2):
        world.receipts(12.5, run=run)
    assert fingerprint(world.dsn) == before
    assert world.query(versions) == rows


def test_what_is_committed_after_a_look_but_recorded_before_it_is_judged_by_the_next(world: ReceiptsWorld) -> None:
    first, second = world.order("700"), world.order("701")
    world.receipts(10)
    recorded = world.day(10.1)
    with connect(world.dsn) as beside:
        for number, (unit_id,) in enumerate((first, second)):
            event = Event(event_id(unit_id, number), unit_id, "tech", "cancelled", recorded, "somebody", "test", {})
            ledger.append(beside, [event], recorded)
        world.receipts(10.12)  # sees nothing of it
        assert world.verdicts() == {"expected": 2}
        beside.commit()
    world.receipts(10.13)
    assert world.verdicts() == {"cancelled": 2}
    must_hold(world)


def test_where_much_was_noted_everything_is_judged(world: ReceiptsWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.order("700")
    forgotten, _ = world.order("701", quantity=2)
    world.receipts(10)
    with connect(world.dsn) as conn:
        conn.execute("delete from core.unit_verdict where unit_id = %s", (forgotten,))
    monkeypatch.setattr(discrepancies, "MOST_BY_NAME", 1)
    world.receipts(10.1, world.scan("L1", 10, order_code="700", sku="AT1"))
    assert world.verdicts() == {"matched": 1, "expected": 1}, "one order was noted, and no other is looked at"
    world.order("702")
    world.order("703")
    world.receipts(10.2)
    assert world.verdicts() == {"matched": 1, "expected": 4}, "two were noted, and everything was judged"
    must_hold(world)


def test_a_run_whose_clock_is_behind_takes_back_nothing_that_is_known(world: ReceiptsWorld) -> None:
    world.order("700")
    world.order("701")
    world.receipts(15)
    assert world.cases() == [("overdue", "open", None)] * 2
    world.receipts(8, world.scan("L1", 7, order_code="700", sku="AT1"))  # the clock went back a week
    assert world.verdicts() == {"matched": 1, "overdue": 1}
    assert world.cases() == [("overdue", "open", None), ("overdue", "resolved", "told_late")]
    (event,) = world.query("select recorded_at from core.discrepancy_event")
    assert event["recorded_at"] == world.day(15), "it was learned after the fifteenth day, whatever the clock says"
    (mark,) = world.query("select looked_at from ops.verdict_look where merchant_id = 'tech'")
    assert mark["looked_at"] == world.day(15)
    world.now = world.day(15)
    must_hold(world)


def test_another_clock_judges_everything_anew(world: ReceiptsWorld) -> None:
    world.order("700")
    world.receipts(10)
    assert world.verdicts() == {"expected": 1}
    with connect(world.dsn) as conn:
        conn.execute("update ops.setting set value = '7' where name = 'overdue_days'")
    world.receipts(10.01)
    assert world.cases() == [("overdue", "open", None)]
    with connect(world.dsn) as conn:
        conn.execute("update ops.setting set value = '14' where name = 'overdue_days'")
    world.receipts(10.02)
    assert world.cases() == [("overdue", "resolved", "not_due")]


def test_the_clock_alone_turns_a_piece_between_two_looks_of_one_day(world: ReceiptsWorld) -> None:
    """Of two pieces one came: the other is short three days later; of a return nothing came: it is overdue."""
    world.order("700", quantity=2)
    world.order("701", begins=0.02)
    world.receipts(10.9, world.scan("L1", 10.9, order_code="700", sku="AT1"))
    before = {"matched": 1, "expected": 2}
    for at, verdicts in (
        (13.88, before), (13.89, before), (13.91, {"matched": 1, "expected": 1, "short": 1}),
        (14.01, {"matched": 1, "expected": 1, "short": 1}), (14.03, {"matched": 1, "overdue": 1, "short": 1}),
    ):  # fmt: skip
        world.receipts(at)
        assert world.verdicts() == verdicts, at
        must_hold(world)


def test_what_nobody_noted_is_found_when_the_day_begins(world: ReceiptsWorld) -> None:
    """Everything is judged once a day: nothing is forgotten for long, whoever wrote it, and however late."""
    world.order("700")
    world.receipts(15)
    with connect(world.dsn) as conn:
        conn.execute("delete from core.unit_verdict")
        conn.execute("update ledger.unit set state = 'cancelled'")
        conn.execute("delete from ops.unit_moved")
    world.receipts(15.1)
    assert world.verdicts() == {}
    world.receipts(16)
    assert world.verdicts() == {"cancelled": 1}
    assert world.cases() == [("overdue", "resolved", "cancelled")]


def test_a_merchant_is_judged_anew_when_his_mark_is_taken_away(world: ReceiptsWorld) -> None:
    """With cases and without any: the runbook's way to have everything judged loses nothing and doubles nothing."""
    (way,) = re.findall(r"`(delete from ops\.verdict_look [^`]*)`", RUNBOOK.read_text(encoding="utf-8"))
    world.order("700")
    world.receipts(15, world.scan("L1", 12, order_code="700", sku="AT1"))
    for order in (None, "701"):
        if order:
            world.order(order)
            world.receipts(15.1)
            settle(world, case(world, "overdue")["discrepancy_id"], 15.15, "given_up")
        before = fingerprint(world.dsn)
        with connect(world.dsn) as conn:
            assert conn.execute(way.replace("<merchant>", "tech")).rowcount == 1
            conn.execute("update core.unit_verdict set verdict = 'cancelled' where verdict = 'matched'")
        world.receipts(15.2)
        assert fingerprint(world.dsn) == before


def test_merchants_are_judged_apart(world: ReceiptsWorld) -> None:
    world.order("700")
    world.order("700", merchant="kids")
    world.receipts(15, world.scan("L1", 14.9, merchant="kids", order_code="700", sku="AT1"))
    assert world.cases("tech") == [("overdue", "open", None)] and world.cases("kids") == []
    assert world.query("select count(*) as n from core.differences_known(array['kids'], %s)", world.day(15)) == [
        {"n": 0}
    ]


def test_any_past_day_prints_as_it_was_known_then(world: ReceiptsWorld) -> None:
    """Balance and differences of a day, asked on later days: what was learned later is not in what was known then."""
    world.order("700")
    world.order("701")
    world.receipts(15)
    world.receipts(20, world.scan("L1", 12, order_code="700", sku="AT1"))

    def told(as_of: float, known_on: float) -> dict[str, int]:
        days = [world.day(number).date() for number in (as_of, known_on)]
        with connect(world.dsn) as conn:
            lines = balance(conn, "tech", *days)
        assert all(line.closes for line in lines)
        return {line.state: line.closing for line in lines if line.closing}

    def open_then(known_on: float) -> int:
        at = end_of(world.day(known_on).date())
        return len(world.query("select * from core.differences_known(array['tech'], %s)", at))

    assert told(15, 15) == told(15, 19) == {"requested": 2}
    assert told(15, 20) == told(12, 20) == {"requested": 1, "received": 1}
    assert (open_then(14), open_then(15), open_then(19), open_then(20)) == (0, 2, 2, 1)
