"""
### Orders and return signals from Kaspi

Sweeps every merchant's orders (3 days; every sixth hour 60 days; with `from` and `to` any past range), keeps what
changed, opens return cases and gives birth to the units that are certain to come.

| | |
| --- | --- |
| **Grain** | one part a merchant, on its own way to `publish`; in it windows of ≤ 13 days, each of the six states |
| **Rerun** | safe at any time, twice, beside another run: stored pages are not fetched again |
| **If it fails** | readers still see the last good state; the last task names who was held and why (see the runbook) |

To take in the past: trigger with `{"from": "2026-05-01T00:00:00+05:00", "to": "2026-06-01T00:00:00+05:00"}`.
"""

from airflow.sdk import AssetAlias, CronTriggerTimetable, Param, dag, task, task_group

from include.assets import ORDERS
from include.dag_defaults import DEFAULTS, TIME_ZONE, deadline, finish, run_failed

WOKEN = AssetAlias("kaspi_returns_ingest_changed")
# What a mapped task is called: by its merchant's id while it runs, by his name as soon as that is looked up.
NAMED = "{{ merchant | default(task.op_kwargs['merchant_id']) }}"


@dag(
    dag_id="kaspi_returns_ingest",
    schedule=CronTriggerTimetable("*/15 * * * *", timezone=TIME_ZONE),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    deadline=deadline(minutes=30),
    on_failure_callback=run_failed,
    doc_md=__doc__,
    tags=["kaspi", "returns", "every-15-minutes"],
    params={
        "from": Param(None, type=["null", "string"], description="Begin of a past range, ISO 8601 with offset"),
        "to": Param(None, type=["null", "string"], description="End of a past range, ISO 8601 with offset"),
    },
)
def kaspi_returns_ingest() -> None:
    @task
    def merchants() -> list[str]:
        from include.airflow_context import current_run, warehouse_dsn
        from include.flows.kaspi_returns_ingest import active_merchants

        current_run()
        return active_merchants(warehouse_dsn())

    @task_group(prefix_group_id=False)
    def shop(merchant_id: str) -> None:
        """One merchant's way: whatever his shop does, the others' orders go theirs."""

        @task(map_index_template=NAMED, pool="kaspi_api")
        def fetch(merchant_id: str) -> int:
            from include.airflow_context import (
                applications_folder,
                bear_name,
                clock,
                current_run,
                owner,
                sealer,
                shop_settings,
                tried_enough,
                warehouse_dsn,
            )
            from include.flows.kaspi_returns_ingest import fetch

            bear_name(merchant_id)
            with tried_enough():
                return fetch(
                    warehouse_dsn(), current_run(), shop_settings(merchant_id), clock(), owner(), sealer(),
                    lambda: applications_folder(merchant_id),
                )  # fmt: skip

        @task(map_index_template=NAMED, multiple_outputs=False)
        def gate(merchant_id: str) -> dict[str, int]:
            from include.airflow_context import bear_name, current_run, warehouse_dsn
            from include.quality.gate import judge
            from include.quality.suites.kaspi_returns_ingest import SUITE

            bear_name(merchant_id)
            return judge(warehouse_dsn(), current_run(), SUITE, merchant_id)

        @task(map_index_template=NAMED, outlets=[WOKEN], multiple_outputs=False)
        def publish(merchant_id: str, *, outlet_events=None) -> dict[str, int]:  # type: ignore[no-untyped-def]
            from include.airflow_context import bear_name, current_run, owner, warehouse_dsn
            from include.flows.kaspi_returns_ingest import publish

            bear_name(merchant_id)
            counts = publish(warehouse_dsn(), current_run(), owner(), merchant_id)
            if counts["orders"]:
                outlet_events[WOKEN].add(ORDERS)
            return counts

        fetch(merchant_id) >> gate(merchant_id) >> publish(merchant_id)

    known = merchants()
    shops = shop.expand(merchant_id=known)
    finish(known, shops, beside=list(shops.children.values()))


kaspi_returns_ingest()
