"""
### Weekly numbers, causes and the mail to the merchants

Counts cohorts, causes and KPIs (version 1) from the ledger, again only where something changed, looks for causes that
come back more than before, and sends every merchant one mail about the last full week, and one about all merchants to
the team.

| | |
| --- | --- |
| **Grain** | one part a merchant, and `all` for the whole house; KPIs of the last 12 full Almaty weeks |
| **Rerun** | safe at any time: a changed number keeps what was known before, a mail goes out once |
| **If it fails** | readers still see the last good week; the last task says what was held and why |

A mail whose delivery is not known is not sent again by itself. Runbook: `return_causes_weekly`.
"""

from airflow.sdk import CronTriggerTimetable, dag, task

from include.dag_defaults import DEFAULTS, TIME_ZONE, deadline, finish, run_failed


@dag(
    dag_id="return_causes_weekly",
    schedule=CronTriggerTimetable("0 8 * * 1", timezone=TIME_ZONE),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    deadline=deadline(minutes=60),
    on_failure_callback=run_failed,
    doc_md=__doc__,
    tags=["returns", "reports", "weekly"],
)
def return_causes_weekly() -> None:
    @task(multiple_outputs=False)
    def stage() -> dict[str, int]:
        from include.airflow_context import current_run, owner, warehouse_dsn
        from include.flows.return_causes_weekly import stage

        return stage(warehouse_dsn(), current_run(), owner())

    @task(multiple_outputs=False)
    def gate() -> dict[str, int]:
        from include.airflow_context import current_run, warehouse_dsn
        from include.quality.gate import judge
        from include.quality.suites.return_causes_weekly import SUITE

        return judge(warehouse_dsn(), current_run(), SUITE)

    @task(multiple_outputs=False)
    def publish() -> dict[str, int]:
        from include.airflow_context import current_run, owner, warehouse_dsn
        from include.flows.return_causes_weekly import publish

        return publish(warehouse_dsn(), current_run(), owner())

    @task(multiple_outputs=False)
    def mail() -> dict[str, int]:
        from include.airflow_context import connection, current_run, owner, warehouse_dsn
        from include.flows.weekly_mail import send_weekly_mail
        from include.notify.outbox import mail_server

        found = connection("smtp_reports")
        server = mail_server(found.url, found.port, found.login, found.password, found.extra)
        return send_weekly_mail(warehouse_dsn(), current_run(), server, owner())

    finish(stage(), gate(), publish(), mail())


return_causes_weekly()
