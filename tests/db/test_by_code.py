"""Orders that no sweep covers any more: the long sweep reads the open cases of 60 to 90 days by their numbers."""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from include.db.connection import connect
from include.db.lease import LeaseBusy, hold
from include.flows import kaspi_returns_ingest, sweep
from tests.db.scripted_shop import DAY, HOUR, NOW, Life, ScriptedShop, scripted_shop

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


def with_old_cases(shop: ScriptedShop, *codes: str) -> None:
    """Give the shop orders of 70 days with an open case, and one status that changes after three hours."""
    for code in codes:
        steps = [(NOW - 70 * DAY, "KASPI_DELIVERY_RETURN_REQUESTED"), (NOW + 3 * HOUR, "RETURN_ACCEPTED_BY_MERCHANT")]
        shop.lives[code] = Life(NOW - 70 * DAY, steps)
    shop.ingest(NOW, range_from=NOW - 80 * DAY, range_to=NOW - 61 * DAY)
    shop.ingest(NOW + TICK)
    shop.asked.clear()


def test_an_old_open_case_learns_its_status_by_code_and_by_nothing_else(shop: ScriptedShop) -> None:
    with_old_cases(shop, "701")
    shop.ingest(NOW + 4 * HOUR)
    assert shop.asked == [] and len(shop.observed("701")) == 1, "no sweep shows it"
    shop.ingest(NOW + 6.25 * HOUR)
    assert shop.asked == ["701"]
    assert shop.observed("701")[1:] == [("RETURN_ACCEPTED_BY_MERCHANT", NOW + TICK, NOW + 6.25 * HOUR)]
    assert shop.ask("select signal_status from core.return_case") == [{"signal_status": "RETURN_ACCEPTED_BY_MERCHANT"}]


def test_an_order_that_kaspi_answers_badly_is_put_aside_and_the_others_are_read(shop: ScriptedShop) -> None:
    with_old_cases(shop, "701", "702", "703")
    shop.refused = {"702"}
    shop.ingest(NOW + 6.25 * HOUR)
    assert [len(shop.observed(code)) for code in ("701", "702", "703")] == [2, 1, 2]
    (entry,) = shop.ask("select record_key, reason from ops.quarantine")
    assert entry["record_key"] == "id-702" and "400: Order is being moved." in entry["reason"]
    assert shop.ask("select 1 from ops.batch where status <> 'published'") == []


def test_a_budget_that_is_used_up_leaves_some_time_for_old_cases_each_in_its_turn(
    shop: ScriptedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_old_cases(shop, "701", "702", "703")
    monkeypatch.setattr(sweep, "AT_ONCE", 1)
    monkeypatch.setattr(kaspi_returns_ingest, "BUDGET_SECONDS", -1)
    for tick in range(1, 5):
        shop.ingest(NOW + tick * 6.25 * HOUR)
    assert shop.asked == ["701", "702", "703", "701"]


def test_a_budget_that_is_used_up_ends_a_reading_between_two_pages(
    shop: ScriptedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is stored stays and is published; the next run reads the rest."""
    monkeypatch.setattr("include.kaspi.shop_api.PAGE_SIZE", 2)
    for number in range(10):
        shop.lives[str(700 + number)] = Life(NOW - DAY, [(NOW - DAY, "COMPLETED")])
    shop.hidden = True
    shop.ingest(NOW)
    shop.hidden, shop.seconds_a_call = False, 0.3
    monkeypatch.setattr(kaspi_returns_ingest, "BUDGET_SECONDS", 2.2)
    shop.ingest(NOW + TICK)
    (known,) = shop.ask("select count(*) as orders from core.customer_order")
    assert 0 < known["orders"] < 10
    shop.seconds_a_call = 0.0
    monkeypatch.setattr(kaspi_returns_ingest, "BUDGET_SECONDS", 600)
    shop.ingest(NOW + 2 * TICK)
    assert shop.ask("select count(*) as orders from core.customer_order") == [{"orders": 10}]


def test_the_newest_orders_are_read_first(shop: ScriptedShop) -> None:
    """What a used-up budget leaves to the next run is then the oldest of a long sweep."""
    shop.a_call = dt.timedelta(seconds=1)
    shop.ingest(NOW)
    spans = shop.ask("select created_to from ops.sweep order by started_at")
    assert len(spans) == 5
    assert spans == sorted(spans, key=lambda one: one["created_to"], reverse=True)


def test_an_old_range_lets_a_waiting_run_in_between_two_windows(shop: ScriptedShop) -> None:
    """Whoever waits looks every 200 ms; the old range, which lets the lease go for a moment only, comes after him."""
    old = shop.run(range_from=NOW - 80 * DAY, range_to=NOW)
    shop.seconds_a_call = 0.03
    with ThreadPoolExecutor(1) as pool, connect(shop.dsn) as conn:
        reading = pool.submit(shop.fetch, old)
        while not shop.ask("select 1 from ops.lease where expires_at > clock_timestamp()"):
            time.sleep(0.01)
        with hold(conn, "kaspi_returns_ingest:shop", "current/run/task/0#1"):
            windows = shop.ask("select 1 from ops.fetch_window where completed_at is null")
        reading.result()
    assert len(windows) >= 4 * 6, "it came in after one window, or two"


def test_one_who_died_waiting_keeps_nobody_out(shop: ScriptedShop) -> None:
    with connect(shop.dsn) as conn, connect(shop.dsn) as other:
        with (
            hold(conn, "kaspi_returns_ingest:shop", "old/run/task/0#1"),
            pytest.raises(LeaseBusy),
            hold(other, "kaspi_returns_ingest:shop", "dead/run/task/0#1", wait_seconds=0),
        ):
            pass
        began = time.monotonic()
        with hold(conn, "kaspi_returns_ingest:shop", "old/run/task/0#1"):
            assert time.monotonic() - began < 5
        with hold(other, "kaspi_returns_ingest:shop", "third/run/task/0#1", wait_seconds=0):
            pass


def test_a_range_with_an_end_and_no_begin_is_an_error(shop: ScriptedShop) -> None:
    with pytest.raises(ValueError, match="give `from` too"):
        shop.run(range_to=NOW)
