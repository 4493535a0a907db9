"""Orders that no sweep covers any more: the long sweep reads the open cases of 60 to 90 days by their numbers."""

from collections.abc import Callable, Iterator

import pytest

from tests.db.scripted_shop import HOUR, NOW, ScriptedShop, scripted_shop

TICK = HOUR / 4


@pytest.fixture
def shop(new_warehouse: Callable[[], str]) -> Iterator[ScriptedShop]:
    with scripted_shop(new_warehouse()) as served:
        yield served


def longs(shop: ScriptedShop) -> list[bool]:
    """Return which of the sweeps were long ones, in turn."""
    rows = shop.ask("select bool_or(long) as long from ops.sweep group by run_id order by min(started_at)")
    return [row["long"] for row in rows]


def test_a_long_sweep_comes_with_the_tick_of_the_sixth_hour_though_clocks_are_not_exact(shop: ScriptedShop) -> None:
    shop.a_call = HOUR / 1800  # two seconds: the reading begins after the run's clock was taken
    for at in (NOW, NOW + 6 * HOUR - TICK, NOW + 6 * HOUR, NOW + 6 * HOUR + TICK):
        shop.ingest(at)
    assert longs(shop) == [True, False, True, False]


def test_a_long_sweep_that_was_not_published_is_due_again(shop: ScriptedShop) -> None:
    run = shop.run()
    shop.fetch(run)
    shop.ask("update ops.batch set status = 'held' returning 1")
    shop.ingest(NOW + TICK)
    shop.ingest(NOW + 2 * TICK)
    assert longs(shop) == [True, True, False]
