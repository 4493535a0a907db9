"""Lists that look wrong: a person is asked, meanwhile nothing is raised and nothing of the merchant's is lost."""

from collections.abc import Callable, Iterator
from uuid import UUID

import pytest

from include.db.connection import connect
from include.flows import list_guard, restock_sync
from include.flows.run import Run
from include.quality.gate import judge
from include.quality.suites.restock_sync import SUITE
from tests.db.restock_world import Offer, RestockWorld, at


@pytest.fixture
def world(new_warehouse: Callable[[], str]) -> Iterator[RestockWorld]:
    offers = {sku: Offer(sku) for sku in ("A1", "B1", *(f"F{n}" for n in range(8)))}
    with RestockWorld(new_warehouse(), offers).served() as made:
        made.onboard()
        yield made


def settle(world: RestockWorld, version: int, hours: float, *, approved: bool, actor: str = "aliya") -> bool:
    return list_guard.settle(
        world.dsn, "restock_sync", "m", version, approved=approved, actor=actor, now=at(hours), owner="test/settle#1"
    )


def versions(world: RestockWorld) -> list[tuple[object, ...]]:
    rows = world.query("select version, status, cautious, abnormal from channel.feed_version order by version")
    return [tuple(row.values()) for row in rows]


def cut(world: RestockWorld, *kept: str) -> None:
    world.offers = {sku: offer for sku, offer in world.offers.items() if sku in kept}


def alert(world: RestockWorld) -> list[str]:
    """What is said of a list that is held; that Kaspi does not ask for it, whom nobody plays here, is another alert."""
    told = world.query("select message from ops.alert where kind = 'price_list_held' and cleared_at is null")
    return [row["message"] for row in told]


def test_a_cut_list_waits_and_meanwhile_only_falls(world: RestockWorld) -> None:
    unit = world.unit("U1", "A1", 1)
    world.unit("U2", "F7", 1)
    resale = world.unit("U3", "A1", 1, route="resale", grade="B")
    world.restock(2)
    before = world.shown()
    assert (before["A1"], before["F7"], before["A1R"]) == ((6, 10_000), (6, 10_000), (1, 9_250))
    world.fetched(2.1)
    cut(world, "A1", "B1", "F0", "F1", "F2")
    world.offers["A1"].count = 3  # falls
    world.offers["B1"].count = 9  # rises
    world.offers["F0"].available = False
    world.offers["F1"].price = 9_000
    waits = world.unit("U4", "B1", 2.5)
    world.order("o1", "A1R", 2.2)

    assert world.restock(3) == "published"

    after = world.shown()
    assert after == {
        **{sku: place for sku, place in before.items() if sku != "A1R"},  # its last unit is reserved
        "A1": (4, 10_000),
    }
    assert world.one("select available from channel.feed_offer where version = 3 and offer_sku = 'F0'") is False
    assert versions(world) == [
        (1, "published", False, []), (2, "pending", False, ["mass_removal"]), (3, "published", True, []),
    ]  # fmt: skip
    assert "version 2" in world.one(f"select waiting_reason from channel.addition where unit_id = '{waits}'")
    assert alert(world) == ["m: version 2 of the list waits for a person's word"]
    assert (world.state(unit), world.state(resale)) == ("on_sale", "on_sale")
    found = list_guard.ask(world.dsn, "m", 2, at(3))
    assert found is not None
    assert (found.diff["against"], found.diff["own_before"], found.diff["own_removed"]) == (1, 10, 5)
    assert {one["offer_sku"] for one in found.diff["examples"]["removed"]} == {"A1R", "F3", "F4", "F5", "F6", "F7"}
    assert found.diff["counts"]["price_changed"] == 1

    # the same list again: nobody is asked twice, nothing new is published
    assert world.restock(4) == "published"
    assert len(versions(world)) == 3
    world.offers["A1"].count = 2
    world.restock(5)
    assert world.shown()["A1"] == (3, 10_000)
    world.offers["A1"].count = 8
    world.restock(6)
    assert world.shown()["A1"] == (3, 10_000)  # what fell does not rise


def test_an_approved_list_goes_out_composed_anew(world: RestockWorld) -> None:
    world.unit("U1", "A1", 1, route="resale", grade="B")
    world.unit("U2", "A1", 1, route="resale", grade="B")
    world.restock(2)
    world.fetched(2.1)
    cut(world, "A1", "B1", "F0")
    world.restock(3)
    assert list_guard.to_ask(world.dsn, at(3)) == [("m", 2)]
    assert list_guard.ask(world.dsn, "m", 2, at(3)) is not None
    assert list_guard.to_ask(world.dsn, at(3)) == []
    world.order("o1", "A1R", 3.5)  # sold while it waited

    assert settle(world, 2, 4, approved=True)
    assert not settle(world, 2, 4, approved=False)
    world.restock(4)

    assert world.shown() == {"A1": (5, 10_000), "B1": (5, 10_000), "F0": (5, 10_000), "A1R": (1, 9_250)}
    assert versions(world)[-1] == (3, "published", False, [])  # nothing had fallen while it waited
    assert alert(world) == []
    who = world.query("select settled_by, settled_at, held_reason from channel.feed_version where version = 2")
    assert who == [{"settled_by": "aliya", "settled_at": at(4), "held_reason": "approved by aliya"}]
    assert list_guard.ask(world.dsn, "m", 2, at(5)) is None


def test_a_rejected_list_is_not_asked_about_again_until_it_changes(world: RestockWorld) -> None:
    world.restock(2)
    kept = world.shown()
    cut(world, "A1", "B1", "F0")
    world.restock(3)
    assert settle(world, 2, 4, approved=False, actor=list_guard.TIMEOUT)

    world.restock(5)
    world.offers["A1"].count = 4  # the same removal with another count
    world.restock(6)

    assert world.shown() == {**kept, "A1": (4, 10_000)}
    assert list_guard.to_ask(world.dsn, at(6)) == []
    assert [one[1] for one in versions(world)] == ["published", "rejected", "held", "published"]
    assert alert(world) == ["m: version 2 of the list waits for a person's word"]  # raised once while it lasts

    cut(world, "A1")
    world.restock(7)
    assert [one[1:] for one in versions(world)[4:]] == [("pending", False, ["mass_removal"])]
    assert list_guard.to_ask(world.dsn, at(7)) == [("m", 5)]


def test_a_list_that_is_normal_again_needs_no_answer(world: RestockWorld) -> None:
    world.restock(2)
    whole = dict(world.offers)
    cut(world, "A1")
    world.restock(3)
    world.offers = whole

    world.restock(4)

    assert alert(world) == []
    assert [one[1] for one in versions(world)] == ["published", "held"]
    assert not settle(world, 2, 5, approved=True)
    assert world.shown().keys() == whole.keys()


def test_prices_that_jump_wait_and_one_that_moves_does_not(world: RestockWorld) -> None:
    world.restock(2)
    world.offers["A1"].price = 14_000
    world.restock(3)
    assert world.shown()["A1"] == (5, 14_000)

    world.offers["A1"].price = 140  # somebody has forgotten two digits
    world.offers["B1"].count = 4
    world.restock(4)

    assert world.shown()["A1"] == (5, 14_000)
    assert world.shown()["B1"] == (4, 10_000)
    assert versions(world)[2] == (3, "pending", False, ["price_jump"])


def test_another_list_instead_of_his_own_waits(world: RestockWorld) -> None:
    """As many offers as before, and none of them the same."""
    world.restock(2)
    kept = world.shown()
    world.offers = {f"Z{n}": Offer(f"Z{n}") for n in range(10)}

    world.restock(3)

    assert world.shown() == kept
    assert versions(world)[1] == (2, "pending", False, ["mass_removal"])


def test_no_more_questions_wait_than_may(world: RestockWorld) -> None:
    with connect(world.dsn) as conn:
        conn.execute("update ops.setting set value = '0' where name = 'list_approvals_at_once'")
    world.restock(2)
    cut(world, "A1")
    world.restock(3)
    assert list_guard.to_ask(world.dsn, at(3)) == []
    with connect(world.dsn) as conn:
        conn.execute("update ops.setting set value = '1' where name = 'list_approvals_at_once'")
    assert list_guard.to_ask(world.dsn, at(3)) == [("m", 2)]


def test_nobody_can_be_asked_about_what_is_not_there(world: RestockWorld) -> None:
    with pytest.raises(ValueError, match="has no version 9"):
        list_guard.ask(world.dsn, "m", 9, at(3))


# --- between reading and publishing


def staged(world: RestockWorld, hours: float) -> Run:
    run = world.new_run("restock_sync", hours)
    restock_sync.stage(world.dsn, run, world.ports(), f"{run.run_id}/stage#1")
    judge(world.dsn, run, SUITE)
    return run


def two_resale_units(world: RestockWorld) -> list[UUID]:
    units = [world.unit(f"U{n}", "A1", 1, route="resale", grade="B") for n in range(2)]
    world.restock(2)
    world.fetched(2.1)
    return units


@pytest.mark.parametrize("changed", [True, False])
def test_a_sale_between_reading_and_publishing_lowers_what_goes_out(world: RestockWorld, changed: bool) -> None:
    two_resale_units(world)
    if changed:
        world.offers["B1"].count = 7
    run = staged(world, 3)
    world.order("o1", "A1R", 2.5)

    restock_sync.publish(world.dsn, run, f"{run.run_id}/publish#1")

    assert world.shown()["A1R"] == (1, 9_250)
    assert world.shown()["B1"] == (7 if changed else 5, 10_000)
    assert versions(world)[1:] == [(2, "published", False, [])]
    assert world.one("select count(*) from channel.sale where state = 'reserved'") == 1
    world.restock(4)
    assert len(versions(world)) == 2
    assert world.one("select count(*) from channel.sale") == 1


def test_a_unit_that_is_taken_off_between_reading_and_publishing_is_not_in_the_list(world: RestockWorld) -> None:
    unit, _ = two_resale_units(world)
    world.restock(2.5)
    run = staged(world, 3)
    world.book(world.event(unit, "withdrawn", at(3), "supervisor", reason="a customer complained"))

    restock_sync.publish(world.dsn, run, f"{run.run_id}/publish#1")

    assert world.shown()["A1R"] == (1, 9_250)


def test_runs_that_follow_each_other_closely_do_not_all_give_way(world: RestockWorld) -> None:
    """Each is staged before the one before has published: every one of them publishes."""
    runs = []
    for hours in (2, 3, 4):
        world.offers["B1"].count = int(hours)
        runs.append(staged(world, hours))
        if len(runs) > 1:
            restock_sync.publish(world.dsn, runs[-2], f"{runs[-2].run_id}/publish#1")
            assert world.shown()["B1"] == (int(hours) - 1, 10_000)
    restock_sync.publish(world.dsn, runs[-1], f"{runs[-1].run_id}/publish#1")
    assert world.shown()["B1"] == (4, 10_000)


def test_what_an_earlier_run_publishes_late_is_published_over(world: RestockWorld) -> None:
    """The later one found the served list to be right, while the earlier one was about to change it."""
    world.restock(2)
    world.offers["B1"].count = 9
    earlier = staged(world, 3)
    world.offers["B1"].count = 5
    later = staged(world, 4)

    restock_sync.publish(world.dsn, earlier, f"{earlier.run_id}/publish#1")
    restock_sync.publish(world.dsn, later, f"{later.run_id}/publish#1")

    assert world.shown()["B1"] == (5, 10_000)
