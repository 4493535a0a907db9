"""Quality control at the desk wakes the restocking as that of a WMS does."""

import datetime as dt
from collections.abc import Callable

import pytest

from include.db.connection import connect
from include.flows.desk_passed import OVERLAP, passed_at_desks
from tests.db.desk_world import CHECKER, DeskWorld


@pytest.fixture
def world(new_warehouse: Callable[[], str]) -> DeskWorld:
    here = DeskWorld(new_warehouse())
    here.set_up()
    return here


def look(world: DeskWorld, merchant_id: str = "tech", before: dt.timedelta = dt.timedelta()) -> int:
    with connect(world.dsn) as conn:
        return passed_at_desks(conn, merchant_id, world.now - before)


def test_what_passed_is_told_to_the_next_look_and_to_none_after_it(world: DeskWorld) -> None:
    assert look(world) == 0
    world.later(minutes=15)
    labels = [world.inspected() for _ in range(3)]
    for label, passed in zip(labels, (True, True, False), strict=True):
        assert world.one(CHECKER, type="qc", unit_label=label, passed=passed)["outcome"] == "booked"
    world.later(minutes=10)
    assert look(world, "kids") == 0, "of another merchant"
    assert look(world) == 2
    world.later(minutes=15)
    assert look(world) == 0
    assert look(world, before=dt.timedelta(hours=2)) == 0, "a run whose clock is behind looks at nothing again"
    world.one(CHECKER, type="qc", unit_label=world.inspected(), passed=True)
    world.later(seconds=OVERLAP.total_seconds() - 1)
    assert look(world) == 1
