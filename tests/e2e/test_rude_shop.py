"""The whole chain over a shop that answers badly at a rate: nothing of it shows, but in the names people see."""

from __future__ import annotations

import psycopg

from tests.e2e.conftest import Demo


def test_the_shop_was_rude_and_every_number_is_right_all_the_same(demo: Demo) -> None:
    """That the numbers are right the other tests say; here, that it was not for lack of trouble."""
    demo.must_be_ours()
    manners = demo.sandbox.manners()
    print(manners["done"], "of", manners["calls"], "calls")
    assert sum(manners["done"].values()) > 20
    # second pages, which "duplicate" needs, this small world has not
    assert len([name for name, times in manners["done"].items() if times]) >= 6


def test_mapped_tasks_bear_the_merchants_names(demo: Demo) -> None:
    merchants = {f"{one['name']} · {one['id']}" for one in demo.sandbox.world()["merchants"]}
    runs = demo.airflow.call("GET", "/dags/kaspi_returns_ingest/dagRuns", params={"limit": 1})["dag_runs"]
    tasks = demo.airflow.call(
        "GET", f"/dags/kaspi_returns_ingest/dagRuns/{runs[0]['dag_run_id']}/taskInstances", params={"limit": 100}
    )["task_instances"]
    assert {one["rendered_map_index"] for one in tasks if one["task_id"] == "fetch"} == merchants


def test_no_alert_is_left_and_somebody_looked_after_them(demo: Demo) -> None:
    with psycopg.connect(demo.summary["warehouse_dsn"]) as conn:
        active = conn.execute("select alert_key, message from ops.alert where cleared_at is null").fetchall()
    assert active == []
    logs = list((demo.run / "airflow" / "logs").rglob("*report_held*/*.log"))
    assert len(logs) > 10
    assert [path for path in logs if "could not be looked after" in path.read_text(encoding="utf-8")] == []
