"""
### Warehouse events to the ledger, expected against received

Polls every warehouse source, books what happened to each unit, and brings the list of differences up to date. Then
buyers are told that their goods arrived, and merchants which decisions and claims they owe.

| | |
| --- | --- |
| **Grain** | one part a merchant; an event is (source, event id) and counts once |
| **Rerun** | safe at any time, twice, beside another run: an event counts once, a notice is sent once |
| **If it fails** | nothing is half-booked: a merchant's events are booked whole or not at all; notices wait (runbook) |

Events that came before their predecessor wait in the ledger's inbox and are booked when their unit moves. Each step
books its cost with it, and the claims against the carrier are judged by what is known now: opened, corrected, expired,
told before their deadline. Last, the sums that the dashboard shows take in what happened since the run before.
"""

from airflow.sdk import AssetAlias, AssetOrTimeSchedule, CronTriggerTimetable, dag, task

from include.assets import ORDERS, QC_PASSED
from include.dag_defaults import DEFAULTS, TIME_ZONE, deadline, finish, run_failed

WOKEN = AssetAlias("warehouse_receipts_reconcile_qc_passed")


@dag(
    dag_id="warehouse_receipts_reconcile",
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("7-59/15 * * * *", timezone=TIME_ZONE), assets=ORDERS),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    deadline=deadline(minutes=30),
    on_failure_callback=run_failed,
    doc_md=__doc__,
    tags=["warehouse", "returns", "every-15-minutes"],
)
def warehouse_receipts_reconcile() -> None:
    @task
    def collect() -> int:
        from include.airflow_context import current_run, owner, warehouse_dsn, warehouse_sources
        from include.flows.warehouse_receipts_reconcile import collect

        return collect(warehouse_dsn(), current_run(), warehouse_sources(), owner())

    @task(multiple_outputs=False)
    def gate() -> dict[str, int]:
        from include.airflow_context import current_run, warehouse_dsn
        from include.quality.gate import judge
        from include.quality.suites.warehouse_receipts_reconcile import SUITE

        return judge(warehouse_dsn(), current_run(), SUITE)

    @task(outlets=[WOKEN], multiple_outputs=False)
    def book(*, outlet_events=None) -> dict[str, int]:  # type: ignore[no-untyped-def]
        from include.airflow_context import current_run, owner, warehouse_dsn
        from include.flows.warehouse_receipts_reconcile import book

        counts = book(warehouse_dsn(), current_run(), owner())
        if counts["qc_passed"]:
            outlet_events[WOKEN].add(QC_PASSED)
        return counts

    @task(trigger_rule="all_done", multiple_outputs=False)
    def tell() -> dict[str, dict[str, int]]:
        from include.airflow_context import clock, notice_outfit, owner, report_server, warehouse_dsn
        from include.flows.notices import tell

        return tell(warehouse_dsn(), notice_outfit(), report_server(), owner(), clock().now())

    @task(trigger_rule="all_done")
    def dashboard() -> int:
        from include.airflow_context import current_run, owner, warehouse_dsn
        from include.flows.dashboard import refresh

        return refresh(warehouse_dsn(), current_run(), owner())

    finish(collect(), gate(), book(), tell(), dashboard())


warehouse_receipts_reconcile()
