"""The differences that were planted into the world are those that are found, piece by piece."""

import datetime as dt
from collections.abc import Callable, Iterator

import pytest

from tests.flow_driver import World, sandbox


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, new_warehouse: Callable[[], str]) -> Iterator[World]:
    """A sandbox whose past has been taken in once."""
    with sandbox(tmp_path_factory.mktemp("sandbox"), new_warehouse()) as here:
        here.past()
        here.receipts()
        yield here


def test_x(world: World) -> None:
    truth = world.truth()["world"]
    for row in world.query("select kind, status, resolution, count(*), sum(money_at_risk) m from core.discrepancy group by 1,2,3 order by 1"):
        print(row)
    for row in world.query("select merchant_id, verdict, settled, count(*) from core.unit_verdict group by 1,2,3 order by 1,2"):
        print(row)
    for m, t in truth["merchants"].items():
        print(m, {k: t[k] for k in ("lost", "lost_over_45_days", "unexpected", "without_request", "wrong_item", "missing_from_parcel", "duplicate_scans", "received", "unquantified")})
    print({k: len(v) for k, v in truth["planted"].items() if isinstance(v, list)})
    print(truth["planted"]["lost"], [r for r in world.query("select order_code, kind from core.discrepancy where kind in ('lost','overdue','short') order by 1")])
    print(truth["planted"]["missing_from_parcel"], [r for r in world.query("select order_code, kind, unit_id, money_at_risk from core.discrepancy where kind in ('missing_from_parcel') order by 1")])
    print(world.query("select unit_id, verdict, since from core.unit_verdict where verdict='late' limit 5"))
    import time
    t=time.time(); from pathlib import Path
    print(world.query(Path("sql/checks/core/unit_verdict__is_what_the_facts_say.sql").read_text())[:5], world.query(Path("sql/checks/core/discrepancy__is_its_verdict.sql").read_text())[:5], time.time()-t)
