"""What a batch of warehouse events must be before the ledger sees it."""

from include.quality.suite import ColumnCheck, SqlCheck, Suite

EVENT = "raw.batch_wms_event"

SUITE = Suite(
    "warehouse_receipts_reconcile",
    (
        ColumnCheck(
            "occurred_at_is_sane", EVENT, "ExpectColumnValuesToNotBeNull", {"column": "occurred_at"}, "event_key"
        ),
        ColumnCheck(
            "actor_is_known", EVENT, "ExpectColumnValuesToNotBeNull", {"column": "actor"}, "event_key", "warning"
        ),
        ColumnCheck("store_is_known", EVENT, "ExpectColumnValuesToNotBeNull", {"column": "store_id"}, "event_key"),
        SqlCheck("raw/wms_event__not_from_the_future", "row"),
        SqlCheck("raw/wms_event__store_is_the_merchants", "row"),
        SqlCheck("raw/wms_event__returns_no_more_than_sold", "warning"),
    ),
    drop=("raw/wms_event__drop",),
)
