"""The database server crashes: the verdicts, which are not in its log, are gone, and the next look finds them again."""

from pathlib import Path

from include.db.connection import connect
from include.db.migrate import migrate
from include.flows.discrepancies import Said, say
from tests.conftest import APPLICATION, TestServer
from tests.db.receipts_world import ReceiptsWorld
from tests.faults.crashing import crash
from tests.fingerprint import fingerprint


def test_the_next_look_finds_every_verdict_and_leaves_every_case_as_it_was(
    server: TestServer,
    tmp_path: Path,
) -> None:
    migrate(server.create_database("receipts"))
    world = ReceiptsWorld(server.address("receipts", APPLICATION), tmp_path)
    world.set_up("tech", "kids")
    for code in ("700", "701", "702"):
        world.order(code)
    world.order("700", merchant="kids")
    world.receipts(15, world.scan("L1", 12, order_code="700", sku="AT1"), world.scan("L2", 13, sku="AT2"))
    (settled,) = world.query("select discrepancy_id from core.discrepancy where order_code = '701'")
    with connect(world.dsn) as conn:
        say(conn, settled["discrepancy_id"], Said("saule", world.day(15.05), "given_up", "nobody asks for it"))
    before, verdicts = fingerprint(world.dsn), world.verdicts()
    assert len(verdicts) >= 3
    crash(server)
    assert world.query("select 1 from core.unit_verdict union all select 1 from ops.verdict_look") == []
    world.receipts(15.1)
    assert world.verdicts() == verdicts
    assert fingerprint(world.dsn) == before


def test_cases_of_whatever_kind_are_found_to_stand_already(server: TestServer, tmp_path: Path) -> None:
    """Goods of nobody are all that this merchant has."""
    migrate(server.create_database("loose"))
    world = ReceiptsWorld(server.address("loose", APPLICATION), tmp_path)
    world.set_up("tech")
    world.receipts(15, world.scan("L1", 13, sku="AT2"))
    assert world.cases() == [("unexpected", "open", None)]
    before = fingerprint(world.dsn)
    crash(server)
    world.receipts(15.1)
    assert fingerprint(world.dsn) == before
