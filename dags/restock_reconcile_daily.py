"""
### Is on sale what should be on sale?

Compares, for every offer that returned goods stand behind: desired = base list + the ledger's units, published =
desired, seen by buyers = published less the sales since, and what the warehouse counted. What differs stands by
cause on the console's page *Stock*, with its age and the money at stake; then, and only then, the data team gets a
mail. Beside it, writes to Kaspi whose answer was lost are read back.

| | |
| --- | --- |
| **Grain** | one part a merchant; a row an offer in `mart.offer_sync`, a row a cause in `mart.offer_difference` |
| **Rerun** | safe: rows are replaced whole, a difference keeps its beginning, a finding is mailed once a day |
| **If it fails** | yesterday's comparison stays; the last task names what was held. Runbook: same name |
"""

from airflow.sdk import CronTriggerTimetable, dag, task

from include.dag_defaults import DEFAULTS, TIME_ZONE, deadline, finish, run_failed


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
        from include.airflow_context import current_run, optional_connection, owner, warehouse_dsn
        from include.flows.restock_reconcile_daily import stage

        observer = optional_connection("offer_observer")
        return stage(warehouse_dsn(), current_run(), observer.url if observer else None, owner())

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

    @task(multiple_outputs=False)
    def tell() -> dict[str, int]:
        from include.airflow_context import current_run, owner, report_server, warehouse_dsn
        from include.flows.restock_daily_mail import tell_team

        return tell_team(warehouse_dsn(), current_run(), report_server(), owner())

    @task(multiple_outputs=False)
    def settle_writes() -> dict[str, int]:
        from include.airflow_context import clock, kaspi_writes, owner, warehouse_dsn
        from include.flows.kaspi_writes import settle_open

        return settle_open(warehouse_dsn(), kaspi_writes, clock(), owner())

    finish(stage(), gate(), publish(), tell(), beside=[settle_writes()])


restock_reconcile_daily()
