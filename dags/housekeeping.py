"""
### The night's work

Expires events that waited too long and claims past their deadline, erases contacts past their time, writes the daily
balance and looks at every invariant; beside it the planner's statistics are refreshed and Airflow's own history is cut
back.

| | |
| --- | --- |
| **Grain** | one part a merchant; the balance is replaced for the day it is known on |
| **Rerun** | safe at any time, twice, beside another run |
| **If it fails** | an invariant does not hold: the log names merchant, check and record. Runbook: `housekeeping` |
"""

from airflow.sdk import CronTriggerTimetable, dag, task

from include.dag_defaults import DEFAULTS, TIME_ZONE, deadline, finish, run_failed


@dag(
    dag_id="housekeeping",
    schedule=CronTriggerTimetable("30 2 * * *", timezone=TIME_ZONE),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    deadline=deadline(minutes=60),
    on_failure_callback=run_failed,
    doc_md=__doc__,
    tags=["operations", "nightly"],
)
def housekeeping() -> None:
    @task(multiple_outputs=False)
    def tidy() -> dict[str, int]:
        from include.airflow_context import current_run, owner, warehouse_dsn
        from include.flows.housekeeping import tidy

        return tidy(warehouse_dsn(), current_run(), owner())

    @task(multiple_outputs=False)
    def gate() -> dict[str, int]:
        from include.airflow_context import current_run, warehouse_dsn
        from include.quality.gate import judge
        from include.quality.suites.housekeeping import SUITE

        return judge(warehouse_dsn(), current_run(), SUITE)

    @task
    def accept() -> int:
        from include.airflow_context import current_run, warehouse_dsn
        from include.flows.housekeeping import accept

        return accept(warehouse_dsn(), current_run())

    @task.bash
    def cut_airflow_history() -> str:
        # Airflow closes its own database to tasks, also in their environment; its command line is the way in.
        return (
            'AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="$QAITARYM_AIRFLOW_DATABASE" '
            "airflow db clean --yes --skip-archive "
            "--clean-before-timestamp \"$(date -u -d '90 days ago' +%Y-%m-%dT00:00:00+00:00)\""
        )

    @task
    def refresh_statistics() -> None:
        from airflow.providers.postgres.hooks.postgres import PostgresHook

        from include.airflow_context import WAREHOUSE
        from include.db.statements import text_of

        # what the day loaded in bulk, the planner should know of in the morning
        PostgresHook(WAREHOUSE).run(text_of("ops/analyze"), autocommit=True)

    @task
    def forget_uploads() -> int:
        from include.airflow_context import clock, warehouse_dsn
        from include.flows.uploads import forget_expired

        return forget_expired(warehouse_dsn(), clock().now())

    finish(tidy(), gate(), accept(), beside=[cut_airflow_history(), refresh_statistics(), forget_uploads()])


housekeeping()
