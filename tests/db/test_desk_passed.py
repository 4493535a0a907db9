"""Quality control at the desk wakes the restocking as that of a WMS does."""

import asyncio
import datetime as dt
import importlib
from collections.abc import Callable

import pytest

from include.assets import QC_PASSED
from include.db.connection import connect
from include.flows import desk
from include.flows.desk_passed import OVERLAP, passed_at_desks
from include.qc_watch import passed
from tests.db.desk_world import CHECKER, DeskWorld, new_id


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
    for label, good in zip(labels, (True, True, False), strict=True):
        assert world.one(CHECKER, type="qc", unit_label=label, passed=good)["outcome"] == "booked"
    world.later(minutes=10)
    assert look(world, "kids") == 0, "of another merchant"
    assert look(world) == 2
    world.later(minutes=15)
    assert look(world) == 0
    assert look(world, before=dt.timedelta(hours=2)) == 0, "a run whose clock is behind looks at nothing again"
    world.one(CHECKER, type="qc", unit_label=world.inspected(), passed=True)
    world.later(seconds=OVERLAP.total_seconds() - 1)
    assert look(world) == 1


def test_whoever_listens_hears_of_it_when_it_is_committed_and_once_for_a_burst(world: DeskWorld) -> None:
    async def hear() -> list[list[str]]:
        heard, listening = [], passed(world.dsn, gather_seconds=0.5)
        heard.append(await anext(listening))
        with connect(world.dsn) as conn:
            for label in labels:
                check = {"event_id": new_id(), "type": "qc", "unit_label": label, "passed": True}
                assert desk.record(conn, CHECKER, [check], world.now, "W1")[0]["outcome"] == "booked"
            coming = asyncio.ensure_future(anext(listening))
            assert not (await asyncio.wait([coming], timeout=1))[0], "it is not committed"
        heard.append(await asyncio.wait_for(coming, 10))
        coming = asyncio.ensure_future(anext(listening))
        world.one(CHECKER, type="qc", unit_label=broken, passed=False)
        assert not (await asyncio.wait([coming], timeout=1))[0], "what failed wakes nobody"
        coming.cancel()
        return heard

    *labels, broken = [world.inspected() for _ in range(3)]
    assert asyncio.run(hear()) == [[], ["tech"]]


def test_the_watcher_is_made_of_what_the_triggerer_keeps_of_it() -> None:
    path, arguments = QC_PASSED.watchers[0].trigger.serialize()
    module, _, name = path.rpartition(".")
    assert getattr(importlib.import_module(module), name)(**arguments).serialize() == (path, arguments)
