"""
### Returned goods back on sale

Takes in what Kaspi fetched, what buyers see and what was sold; puts every unit that passed QC through the policy gate;
lays the returned goods over each merchant's own price list and publishes it.

| | |
| --- | --- |
| **Grain** | one part a merchant; one list version where its content changed |
| **Rerun** | safe at any time, twice, beside another run: a unit is added once by constraint, versions only rise |
| **If it fails** | the last good list goes on being served; the last task names what was held. Runbook: same name |

A merchant's own list that lost over 30 % of its offers is held. Where that is right, let it through with
`{"approve": ["<merchant>"]}`.
"""

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, Param, dag, task

from include.assets import QC_PASSED
from include.dag_defaults import DEFAULTS, TIME_ZONE, deadline, finish, run_failed


@dag(
    dag_id="restock_sync",
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("5 * * * *", timezone=TIME_ZONE), assets=QC_PASSED),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    deadline=deadline(minutes=30),
    on_failure_callback=run_failed,
    doc_md=__doc__,
    tags=["kaspi", "restock", "hourly"],
    params={
        "approve": Param([], type="array", description="Merchants whose shrunk base list may be published"),
    },
)
def restock_sync() -> None:
    @task(multiple_outputs=False)
    def stage() -> dict[str, int]:
        from airflow.sdk import get_current_context

        from include.airflow_context import connection, current_run, optional_connection, owner, warehouse_dsn
        from include.flows.restock_sync import Ports, stage

        observer = optional_connection("offer_observer")
        ports = Ports(lambda conn_id: connection(conn_id).url, observer.url if observer else None)
        approve = get_current_context()["params"]["approve"]
        return stage(warehouse_dsn(), current_run(), ports, owner(), approve)

    @task(multiple_outputs=False)
    def gate() -> dict[str, int]:
        from include.airflow_context import current_run, warehouse_dsn
        from include.quality.gate import judge
        from include.quality.suites.restock_sync import SUITE

        return judge(warehouse_dsn(), current_run(), SUITE)

    @task
    def publish() -> int:
        from include.airflow_context import current_run, owner, warehouse_dsn
        from include.flows.restock_sync import publish

        return publish(warehouse_dsn(), current_run(), owner())

    finish(stage(), gate(), publish())


restock_sync()
