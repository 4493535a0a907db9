"""
### Is on sale what should be on sale?

Compares, for every offer that returned goods stand behind: desired = base list + the ledger's units, published =
desired, seen by buyers = published less the sales since, and what the warehouse counted.

| | |
| --- | --- |
| **Grain** | one part a merchant; one row an offer and store in `mart.offer_sync` |
| **Rerun** | safe: the merchant's rows are replaced whole, a difference keeps the moment it began |
| **If it fails** | yesterday's comparison stays; the last task names what was held. Runbook: same name |
"""

from airflow.sdk import CronTriggerTimetable, dag, task

from include.dag_defaults import DEFAULTS, TIME_ZONE, deadline, run_failed


@dag(
    dag_id="restock_reconcile_daily",
    schedule=CronTriggerTimetable("0 7 * * *", timezone=TIME_ZONE),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    deadline=deadline(minutes=30),
    on_failure_callback=run_failed,
    doc_md=__doc__,
    tags=["kaspi", "restock", "daily"],
)
def restock_reconcile_daily() -> None:
    @task(multiple_outputs=False)
    def stage() -> dict[str, int]:
        from include.airflow_context import connection, current_run, owner, warehouse_dsn
        from include.flows.restock_reconcile_daily import stage

        return stage(warehouse_dsn(), current_run(), connection("offer_observer").url, owner())

    @task(multiple_outputs=False)
    def gate() -> dict[str, int]:
        from include.airflow_context import current_run, warehouse_dsn
        from include.quality.gate import judge
        from include.quality.suites.restock_reconcile_daily import SUITE

        return judge(warehouse_dsn(), current_run(), SUITE)

    @task
    def publish() -> int:
        from include.airflow_context import current_run, owner, warehouse_dsn
        from include.flows.restock_reconcile_daily import publish

        return publish(warehouse_dsn(), current_run(), owner())

    @task(trigger_rule="all_done", retries=0)
    def report_held() -> int:
        from include.airflow_context import current_run, warehouse_dsn
        from include.flows.report import raise_if_held

        return raise_if_held(warehouse_dsn(), current_run())

    stage() >> gate() >> publish() >> report_held()


restock_reconcile_daily()
