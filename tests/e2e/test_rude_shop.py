"""The whole chain over a shop that answers badly at a rate: nothing of it shows, but in the names people see."""

from __future__ import annotations

import psycopg
import pytest
import requests

from tests.e2e.conftest import Demo


def test_the_shop_was_rude_in_every_way_and_every_number_is_right_all_the_same(demo: Demo) -> None:
    """That the numbers are right the other tests say; here, that it was not for lack of trouble."""
    demo.must_be_ours()
    manners = demo.sandbox.manners()
    done = manners["done"]
    print(done, "of", manners["calls"], "calls")
    assert set(done) == {
        "too_many", "too_many_silent", "bad_gateway", "empty", "html", "cut", "slow", "leak", "duplicate",
        "page_count", "hang",
    }  # fmt: skip
    assert {name for name, times in done.items() if not times} <= {"hang"}, done
    assert done["hang"] == 0, "we always say who we are"


@pytest.mark.parametrize("agent", [None, "", "python-requests/2.34.0"], ids=["none", "empty", "default"])
def test_the_shop_lets_hang_who_does_not_say_who_he_is(demo: Demo, agent: str | None) -> None:
    demo.must_be_ours()
    before = demo.sandbox.manners()["done"]["hang"]
    url = f"{demo.sandbox.base_url}/shop/api/v2/cities"
    with pytest.raises(requests.ReadTimeout):
        requests.get(url, headers={"User-Agent": agent}, timeout=2)  # type: ignore[dict-item]
    assert demo.sandbox.manners()["done"]["hang"] == before + 1


def test_mapped_tasks_bear_the_merchants_names(demo: Demo) -> None:
    merchants = {f"{one['name']} · {one['id']}" for one in demo.sandbox.world()["merchants"]}
    runs = demo.airflow.call("GET", "/dags/kaspi_returns_ingest/dagRuns", params={"limit": 1})["dag_runs"]
    tasks = demo.airflow.call(
        "GET", f"/dags/kaspi_returns_ingest/dagRuns/{runs[0]['dag_run_id']}/taskInstances", params={"limit": 100}
    )["task_instances"]
    assert {one["rendered_map_index"] for one in tasks if one["task_id"] == "fetch"} == merchants


def test_no_alert_is_left_and_somebody_looked_after_them(demo: Demo) -> None:
    with psycopg.connect(demo.summary["warehouse_dsn"]) as conn:
        # a claim that must be sent soon is no trouble of the shop's: it waits for a person, as it should
        active = conn.execute(
            "select alert_key, message from ops.alert where cleared_at is null and kind not like 'claim_%'"
        ).fetchall()
    assert active == []
    logs = list((demo.run / "airflow" / "logs").rglob("*report_held*/*.log"))
    assert len(logs) > 10
    assert [path for path in logs if "could not be looked after" in path.read_text(encoding="utf-8")] == []
