"""What applications from a file must be before they are published; the ingest suite has these checks among its own."""

from include.domain.applications import STEPS, TABS
from include.domain.reasons import CODES
from include.kaspi.applications_file import MOST_PIECES
from include.quality.suite import ColumnCheck, SqlCheck

ROW = "raw.batch_application"
KEY = "row_key"

# Their row checks put aside by `raw/application__drop`.
APPLICATION_CHECKS: tuple[ColumnCheck | SqlCheck, ...] = (
    ColumnCheck(
        "application_order_is_a_number", ROW, "ExpectColumnValuesToMatchRegex",
        {"column": "order_code", "regex": r"^\d+$"}, KEY,
    ),
    ColumnCheck(
        "application_quantity_is_sane", ROW, "ExpectColumnValuesToBeBetween",
        {"column": "quantity", "min_value": 1, "max_value": MOST_PIECES}, KEY,
    ),
    ColumnCheck(
        "application_tab_is_known", ROW, "ExpectColumnValuesToBeInSet",
        {"column": "tab", "value_set": list(TABS)}, KEY, "warning",
    ),
    ColumnCheck(
        "application_step_is_known", ROW, "ExpectColumnValuesToBeInSet",
        {"column": "step", "value_set": list(STEPS)}, KEY, "warning",
    ),
    ColumnCheck(
        "application_reason_is_known", ROW, "ExpectColumnValuesToBeInSet",
        {"column": "reason_code", "value_set": sorted(CODES)}, KEY, "warning",
    ),
    SqlCheck("raw/application__one_order_a_number", "row"),
    SqlCheck("raw/application__not_before_its_order", "row"),
    SqlCheck("raw/application__not_from_the_future", "row"),
    SqlCheck("raw/application__order_is_here", "warning"),
    SqlCheck("raw/application__line_is_known", "warning"),
    SqlCheck("raw/application__no_more_than_sold", "warning"),
)  # fmt: skip
