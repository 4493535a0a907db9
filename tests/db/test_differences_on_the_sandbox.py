"""The differences that were planted into the world are those that are found, piece by piece."""

import datetime as dt
from collections.abc import Callable, Iterator

import pytest

from include.db.statements import text_of
from tests.flow_driver import World, sandbox


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, new_warehouse: Callable[[], str]) -> Iterator[World]:
    """A sandbox whose past has been taken in once."""
    with sandbox(tmp_path_factory.mktemp("sandbox"), new_warehouse()) as here:
        here.past()
        here.receipts()
        yield here


VERDICTS = """
select
    unit.merchant_id,
    unit.unit_label,
    placed.code,
    found.verdict,
    found.repeats
from core.unit_verdict as found
inner join ledger.unit on found.unit_id = unit.unit_id
left join core.customer_order as placed on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
"""
DAY = dt.timedelta(days=1)
NEVER_CAME = ("expected", "overdue", "lost", "short", "missing_from_parcel")


def labels(world: World, verdict: str) -> set[str]:
    return {row["unit_label"] for row in world.query(VERDICTS) if row["verdict"] == verdict}


def test_goods_of_nobody_wrong_goods_and_unannounced_ones_are_the_planted_ones(world: World) -> None:
    planted = world.truth()["world"]["planted"]
    assert labels(world, "unexpected") == set(planted["unexpected"])
    assert labels(world, "wrong_item") == set(planted["wrong_items"])
    unannounced = labels(world, "no_request")
    assert set(planted["without_request"]) <= unannounced
    # the file of applications, which nobody has imported here, would have told of the others
    codes = {number.split("-")[0] for number in planted["applications_without_status"]}
    others = unannounced - set(planted["without_request"])
    assert {row["code"] for row in world.query(VERDICTS) if row["unit_label"] in others} <= codes


def test_what_was_scanned_twice_is_counted_piece_by_piece(world: World) -> None:
    for merchant_id, facts in world.truth()["world"]["merchants"].items():
        repeats = sum(row["repeats"] for row in world.query(VERDICTS) if row["merchant_id"] == merchant_id)
        assert repeats == facts["duplicate_scans"]


def test_what_the_dock_missed_in_a_parcel_is_a_case_with_its_price(world: World) -> None:
    planted = world.truth()["world"]["planted"]["missing_from_parcel"]
    found = world.query(
        "select order_code, money_at_risk, status from core.discrepancy where kind = 'missing_from_parcel'"
    )
    assert sorted(row["order_code"] for row in found) == sorted(planted)
    assert all(row["status"] == "open" and row["money_at_risk"] > 0 for row in found)


def test_what_never_came_is_expected_overdue_or_lost_by_its_age(world: World) -> None:
    """Every certain piece that has not come, and no other, by the days since it was first seen to come back."""
    truth = world.truth()["world"]
    now = dt.datetime.fromisoformat(truth["as_of"])
    absent = {
        one["order_code"]: dt.datetime.fromisoformat(one["signalled_at"])
        for one in truth["units"] if one["requested"] and not one["received_at"]
    }  # fmt: skip
    ours = {row["code"]: row["verdict"] for row in world.query(VERDICTS) if row["verdict"] in NEVER_CAME}
    assert ours
    assert ours.keys() <= absent.keys(), "nothing that came is called absent"
    for code, verdict in ours.items():
        age = now - absent[code]  # ours counts from the earliest moment it can have begun
        least = "lost" if age >= 45 * DAY else "overdue" if age >= 14 * DAY else "expected"
        assert NEVER_CAME.index(verdict) >= NEVER_CAME.index(least), (code, age, verdict)
    lost = {code for code in truth["planted"]["lost"] if code in ours and now - absent[code] >= 45 * DAY}
    assert lost, "the world holds a loss that is certain"
    assert {code for code in lost if ours[code] == "lost"} == lost


def test_every_difference_has_age_owner_and_a_date(world: World) -> None:
    rows = world.query("select * from mart.discrepancy")
    assert rows
    for row in rows:
        assert row["opened_at"] <= row["found_at"] < row["due_at"] or row["kind"] in ("overdue", "short"), row
        assert row["owner"] in ("carrier", "warehouse", "merchant", "team"), row


def test_verdicts_cases_and_balance_agree(world: World) -> None:
    for check in ("core/unit_verdict__is_what_the_facts_say", "core/discrepancy__is_its_verdict"):
        assert world.query(text_of(f"checks/{check}")) == [], check


def test_cases_close_themselves_when_the_goods_arrive(world: World) -> None:
    """Two lived days: overdue parcels come in, and their cases end with how, by the facts."""
    before = {row["discrepancy_id"] for row in world.query("select * from core.discrepancy where status = 'open'")}
    start = dt.datetime.fromisoformat(world.about["start_of_life"])
    for hours in (12, 36, 60):
        world.tick((start + dt.timedelta(hours=hours)).isoformat())
    ended = world.query(
        "select d.discrepancy_id, d.kind, d.resolution, e.actor, found.verdict, unit.received_at "
        "from core.discrepancy as d inner join core.discrepancy_event as e using (discrepancy_id) "
        "inner join ledger.unit using (unit_id) inner join core.unit_verdict as found using (unit_id) "
        "where d.status = 'resolved' and d.kind = 'overdue' and d.resolution = 'came_late'"
    )
    assert [row for row in ended if row["discrepancy_id"] in before]
    assert all(row["actor"] == "pipeline" and row["verdict"] == "late" and row["received_at"] for row in ended)
    test_verdicts_cases_and_balance_agree(world)
