"""The sandbox's half year decided again: the plain rule and money side by side, by the command a merchant runs."""

import datetime as dt
from collections.abc import Callable, Iterator

import pytest

from include.db.connection import connect
from include.flows.route_replay import ASSUMPTIONS, Replay, replay
from tests.fingerprint import fingerprint
from tests.flow_driver import World, sandbox
from tools import route_replay


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, new_warehouse: Callable[[], str]) -> Iterator[World]:
    with sandbox(tmp_path_factory.mktemp("sandbox"), new_warehouse()) as here:
        here.past()
        here.receipts()
        here.restock()
        yield here


@pytest.fixture(scope="module")
def found(world: World) -> dict[str, Replay]:
    with connect(world.dsn) as conn:
        conn.read_only = True
        told = {one["id"]: replay(conn, one["id"], world.clock.now()) for one in world.about["merchants"]}
    return {merchant: one for merchant, one in told.items() if one is not None}


def test_every_merchant_of_the_world_is_compared(world: World, found: dict[str, Replay]) -> None:
    assert found.keys() == {one["id"] for one in world.about["merchants"]}
    decided = world.query(
        "select merchant_id, count(*) as units from channel.addition group by merchant_id order by merchant_id"
    )
    for row in decided:
        one = found[row["merchant_id"]]
        assert 0.9 * row["units"] <= one.units <= row["units"], row
        assert one.gain_low <= one.money - one.plain <= one.gain_high or abs(one.money - one.plain) <= 1
        assert sum(one.moves.values()) == one.differ <= one.units


def test_what_the_model_expected_is_near_what_happened(found: dict[str, Replay]) -> None:
    """It was asked on each unit's week, with what had happened before: a forecast, not a fit."""
    checked = [one for one in found.values() if one.checked >= 20]
    assert checked, "no unit is older than the horizon: nothing is proven"
    for one in checked:
        assert abs(one.expected_sold - one.sold) < 0.15, one
        assert abs(one.expected_net - one.net) < 0.2 * abs(one.net) + 300, one


def test_the_command_prints_the_comparison_and_what_it_takes_for_granted_and_writes_nothing(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fingerprint(world.dsn)
    monkeypatch.setenv("QAITARYM_WAREHOUSE_DSN", world.dsn)
    assert route_replay.main([]) == 0
    told = capsys.readouterr().out
    for merchant in world.about["merchants"]:
        assert told.count(merchant["id"]) == 2
    for assumption in ASSUMPTIONS:
        assert assumption in told
    assert "no promise" in told
    assert fingerprint(world.dsn) == before
    print(told)


def test_nothing_later_than_the_moment_asked_for_is_looked_at(world: World, found: dict[str, Replay]) -> None:
    """The first months decided again with only them in the tables are as decided among all that came later."""
    half = world.clock.now() - (world.clock.now() - _begin(world)) / 2
    merchant = max(found, key=lambda name: found[name].units)
    with connect(world.dsn) as conn:
        then = replay(conn, merchant, half)
        conn.execute("delete from channel.addition where decided_at >= %s", (half,))
        conn.execute("update ledger.unit set resold_at = null where resold_at > %s", (half,))
        conn.execute("update channel.addition set withdrawn_at = null where withdrawn_at > %s", (half,))
        alone = replay(conn, merchant, half)
        conn.rollback()
    assert then is not None and then == alone
    assert then.units < found[merchant].units


def _begin(world: World) -> dt.datetime:
    (row,) = world.query("select min(decided_at) as began from channel.addition")
    began: dt.datetime = row["began"]
    return began
