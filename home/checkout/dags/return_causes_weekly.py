from airflow.sdk import dag, task, Asset
import datetime as dt
A=Asset("core_data"); Q=Asset("qc")
@dag(dag_id="return_causes_weekly", schedule={"warehouse_receipts_reconcile":[A],"restock_sync":[Q]}.get("return_causes_weekly"), start_date=dt.datetime(2026,1,1,tzinfo=dt.timezone.utc), catchup=False, max_active_runs=1)
def make():
    @task(outlets=[A] if "return_causes_weekly"=="kaspi_returns_ingest" else [Q] if "return_causes_weekly"=="warehouse_receipts_reconcile" else [])
    def a(params=None, dag_run=None):
        from airflow.sdk import Connection, Variable
        print(dag_run.conf, Connection.get("kaspi_shop_almaty_tech"), Variable.get("qaitarym_clock"))
    @task
    def b(): pass
    a() >> b()
make()
