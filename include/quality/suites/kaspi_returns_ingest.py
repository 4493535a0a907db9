"""What a staged batch of orders must be before anybody reads it."""

from include.domain.applications import STEPS, TABS
from include.domain.reasons import CODES
from include.domain.returns import KNOWN_STATUSES
from include.kaspi.drift import KNOWN_CANCELLATION_REASONS
from include.kaspi.states import STATES
from include.quality.suite import ColumnCheck, SqlCheck, Suite
from include.quality.suites.applications import APPLICATION_CHECKS

ORDER = "raw.batch_order"
LINE = "raw.batch_order_line"

SUITE = Suite(
    "kaspi_returns_ingest",
    (
        ColumnCheck(
            "code_is_a_number", ORDER, "ExpectColumnValuesToMatchRegex",
            {"column": "code", "regex": r"^\d+$"}, "order_id",
        ),
        ColumnCheck(
            "created_at_is_known", ORDER, "ExpectColumnValuesToNotBeNull", {"column": "created_at"}, "order_id"
        ),
        ColumnCheck(
            "price_is_sane", ORDER, "ExpectColumnValuesToBeBetween",
            {"column": "total_price", "min_value": 0, "max_value": 100_000_000}, "order_id",
        ),
        ColumnCheck(
            "state_is_known", ORDER, "ExpectColumnValuesToBeInSet",
            {"column": "state", "value_set": list(STATES)}, "order_id", "warning",
        ),
        ColumnCheck(
            "status_is_known", ORDER, "ExpectColumnValuesToBeInSet",
            {"column": "status", "value_set": sorted(KNOWN_STATUSES)}, "order_id", "warning",
        ),
        ColumnCheck(
            "quantity_is_positive", LINE, "ExpectColumnValuesToBeBetween",
            {"column": "quantity", "min_value": 0, "strict_min": True, "max_value": 10_000}, "order_id",
        ),
        ColumnCheck("sku_is_known", LINE, "ExpectColumnValuesToNotBeNull", {"column": "sku"}, "order_id", "warning"),
        ColumnCheck(
            "cancellation_reason_is_known", ORDER, "ExpectColumnValuesToBeInSet",
            {"column": "cancellation_reason", "value_set": sorted(KNOWN_CANCELLATION_REASONS)}, "order_id", "warning",
        ),
        SqlCheck("raw/order_payload__no_schema_drift", "warning"),
        SqlCheck("raw/stage_order__has_lines", "row"),
        SqlCheck("raw/stage_order__handed_over_after_creation", "row"),
        SqlCheck("raw/stage_order__one_order_a_code", "batch"),
        SqlCheck("raw/stage_order__every_page_is_stored", "batch"),
        *APPLICATION_CHECKS,
    ),
    drop=("raw/stage_order__drop", "raw/application__drop", "ops/quarantine__of_files"),
    known_values={
        "statuses": KNOWN_STATUSES,
        "states": STATES,
        "cancellation_reasons": KNOWN_CANCELLATION_REASONS,
        "tabs": TABS,
        "steps": STEPS,
        "reason_codes": CODES,
    },
)  # fmt: skip
