"""
### Returned goods back on sale

Takes in what Kaspi fetched, what buyers see and what was sold; puts every unit that passed QC through the policy gate;
lays the returned goods over each merchant's own price list and publishes it.

| | |
| --- | --- |
| **Grain** | one part a merchant; one list version where its content changed |
| **Rerun** | safe at any time, twice, beside another run: a unit is added once by constraint, versions only rise |
| **If it fails** | the last good list goes on being served; the last task names what was held. Runbook: same name |

A list that lost over 30 % of the merchant's offers, or whose prices jumped, is stored as pending. Until somebody says
that it is right, the list that is served goes on with what fell lowered. The question stands under *Required actions*
in a run of its own, `approval.<merchant>.<version>`, which waits without holding anything; no answer is a no.
"""

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, Param, dag, task

from include.assets import QC_PASSED
from include.dag_defaults import DEFAULTS, TIME_ZONE, deadline, finish, run_failed
from include.list_approval import ListApproval

# A run that waits for a person counts: list_approvals_at_once (8) of them leave room for the others. Composing,
# judging and publishing go one at a time all the same.
RUNS = 12


@dag(
    dag_id="restock_sync",
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("5 * * * *", timezone=TIME_ZONE), assets=QC_PASSED),
    catchup=False,
    max_active_runs=RUNS,
    default_args=DEFAULTS,
    deadline=deadline(minutes=30),
    on_failure_callback=run_failed,
    doc_md=__doc__,
    tags=["kaspi", "restock", "hourly"],
    params={
        "merchant": Param(None, type=["null", "string"], description="Whose price list is in question"),
        "version": Param(None, type=["null", "integer"], description="Its pending version"),
    },
)
def restock_sync() -> None:
    @task(multiple_outputs=False, trigger_rule="none_failed", max_active_tis_per_dag=1)
    def stage() -> dict[str, int]:
        from include.airflow_context import (
            base_list,
            current_run,
            keep_answer,
            optional_connection,
            owner,
            warehouse_dsn,
        )
        from include.flows.restock_sync import Ports, stage

        keep_answer("approve")
        observer = optional_connection("offer_observer")
        ports = Ports(base_list, observer.url if observer else None)
        return stage(warehouse_dsn(), current_run(), ports, owner())

    @task(multiple_outputs=False, max_active_tis_per_dag=1)
    def gate() -> dict[str, int]:
        from include.airflow_context import current_run, warehouse_dsn
        from include.quality.gate import judge
        from include.quality.suites.restock_sync import SUITE

        return judge(warehouse_dsn(), current_run(), SUITE)

    @task(max_active_tis_per_dag=1)
    def publish() -> list[dict[str, str | int]]:
        from include.airflow_context import current_run, owner, warehouse_dsn
        from include.flows.list_guard import to_ask
        from include.flows.restock_sync import publish

        run = current_run()
        publish(warehouse_dsn(), run, owner())
        return [{"merchant": merchant, "version": version} for merchant, version in to_ask(warehouse_dsn(), run.now)]

    @task
    def ask(merchant: str, version: int) -> None:
        from include.airflow_context import trigger_approval

        trigger_approval(merchant, version)

    published = publish()
    finish(ListApproval(task_id="approve"), stage(), gate(), published, ask.expand_kwargs(published))


restock_sync()
