"""What must hold of the daily comparison before it is shown."""

from include.quality.suite import ColumnCheck, SqlCheck, Suite

SUBJECT = "mart.batch_offer_sync"

SUITE = Suite(
    "restock_reconcile_daily",
    checks=(
        ColumnCheck(
            "desired_not_negative", SUBJECT, "ExpectColumnValuesToBeBetween",
            {"column": "desired_qty", "min_value": 0}, key="offer_sku", severity="batch",
        ),
        ColumnCheck(
            "published_known", SUBJECT, "ExpectColumnValuesToNotBeNull",
            {"column": "published_qty"}, key="offer_sku", severity="batch",
        ),
        ColumnCheck(
            "observed_not_negative", SUBJECT, "ExpectColumnValuesToBeBetween",
            {"column": "observed_qty", "min_value": 0}, key="offer_sku", severity="batch",
        ),
        SqlCheck("mart/stage_offer_sync__desired_is_base_and_ledger"),
        SqlCheck("mart/stage_offer_sync__divergence_has_age"),
    ),
)  # fmt: skip
