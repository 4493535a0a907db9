"""The assets that wake flows up. An event is only a wake-up: a consumer takes all that is unprocessed."""

from airflow.sdk import Asset, AssetWatcher

from include.qc_watch import PassedAtDesks

ORDERS = Asset(name="core_orders", uri="x-qaitarym://core/customer_order")
LEDGER = Asset(name="ledger_units", uri="x-qaitarym://ledger/unit")
QC_PASSED = Asset(
    name="ledger_qc_passed",
    uri="x-qaitarym://ledger/qc_passed",
    watchers=[AssetWatcher(name="passed_at_desks", trigger=PassedAtDesks())],
)
