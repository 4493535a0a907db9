"""The database server crashes between a fetch and its publishing: what was staged is gone, and is read again."""

from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest

from include.db.connection import connect
from include.db.migrate import migrate
from include.flows import kaspi_returns_ingest, staging
from include.quality.gate import judge
from include.quality.suites.kaspi_returns_ingest import SUITE
from tests.conftest import APPLICATION, TestServer
from tests.db.scripted_shop import DAY, HOUR, NOW, Life, ScriptedShop, scripted_shop
from tests.faults.crashing import crash

ORDERS = {f"7{number:02}": "COMPLETED" if number % 3 else "KASPI_DELIVERY_RETURN_REQUESTED" for number in range(30)}
TABLES = (
    "select order_id, status, payload_hash from core.customer_order order by 1",
    "select entry_id, order_id, quantity from core.order_line order by 1",
    "select order_id, episode, status, seen_from, seen_to from core.order_observation order by 1, 2",
    "select case_id, order_id, status from core.return_case order by 1",
    "select unit_id, state from ledger.unit order by 1",
)


@pytest.fixture
def shop(server: TestServer, request: pytest.FixtureRequest) -> Iterator[ScriptedShop]:
    with _shop(server, request.node.name) as served:
        yield served


def _shop(server: TestServer, name: str) -> AbstractContextManager[ScriptedShop]:
    migrate(server.create_database(name))
    return scripted_shop(server.address(name, APPLICATION))


def fill(shop: ScriptedShop) -> None:
    shop.lives = {code: Life(NOW - DAY, [(NOW - DAY, status)]) for code, status in ORDERS.items()}


def tables(shop: ScriptedShop) -> list[list[dict[str, object]]]:
    return [shop.ask(statement) for statement in TABLES]


def test_a_part_whose_staging_is_lost_is_not_published_and_its_next_try_reads_it_again(
    server: TestServer, shop: ScriptedShop
) -> None:
    fill(shop)
    run = shop.run()
    shop.fetch(run)
    judge(shop.dsn, run, SUITE)
    crash(server)
    assert shop.ask("select count(*) from raw.stage_order") == [{"count": 0}]
    kaspi_returns_ingest.publish(shop.dsn, run, "owner")
    assert shop.ask("select status, detail from ops.batch") == [
        {"status": "failed", "detail": f"StagingLost: {staging.LOST}"}
    ]
    assert shop.ask("select 1 from core.customer_order") == []
    assert shop.fetch(run) == len(ORDERS), "nothing of it counts as read"
    shop.publish(run)
    with _shop(server, "undisturbed") as other:
        fill(other)
        other.ingest(NOW)
        assert tables(shop) == tables(other)


def test_the_gate_holds_a_part_whose_staging_is_lost_before_it_was_judged(
    server: TestServer, shop: ScriptedShop
) -> None:
    fill(shop)
    run = shop.run()
    shop.fetch(run)
    crash(server)
    shop.publish(run)
    assert shop.ask("select 1 from core.customer_order") == []
    assert [row["status"] for row in shop.ask("select status from ops.batch")] != ["published"]


def test_the_next_run_reads_what_a_crash_has_lost_and_the_lost_part_stays_failed(
    server: TestServer, shop: ScriptedShop
) -> None:
    fill(shop)
    old = shop.run()
    shop.fetch(old)
    judge(shop.dsn, old, SUITE)
    crash(server)
    shop.ingest(NOW + HOUR / 4)
    assert shop.ask("select count(*) from core.customer_order") == [{"count": len(ORDERS)}]
    shop.publish(old)
    assert [row["status"] for row in shop.ask("select status from ops.batch order by changed_at")] == [
        "failed", "published",
    ]  # fmt: skip
    assert shop.ask("select 1 from ops.sweep where not published") == []


def test_what_is_published_stays_published_after_a_crash(server: TestServer, shop: ScriptedShop) -> None:
    fill(shop)
    run = shop.ingest(NOW)
    before = tables(shop)
    crash(server)
    shop.publish(run)
    assert shop.ask("select status from ops.batch") == [{"status": "published"}]
    shop.ingest(NOW + HOUR / 4)
    assert tables(shop) == before
    with connect(shop.dsn) as conn:
        assert conn.execute("select count(*) as marks from ops.staging_mark").fetchone() == {"marks": 1}
