"""What must hold before anyone reads the weekly marts."""

from include.domain.kpi import BY_NAME
from include.quality.suite import ColumnCheck, SqlCheck, Suite

SUITE = Suite(
    "return_causes_weekly",
    (
        ColumnCheck(
            "kpi_is_defined",
            "mart.batch_kpi_weekly",
            "ExpectColumnValuesToBeInSet",
            {"column": "kpi", "value_set": sorted(BY_NAME)},
            key="cell",
            severity="batch",
        ),
        ColumnCheck(
            "kpi_counts_units",
            "mart.batch_kpi_weekly",
            "ExpectColumnValuesToBeBetween",
            {"column": "n", "min_value": 0},
            key="cell",
            severity="batch",
        ),
        ColumnCheck(
            "cohort_sold_is_not_negative",
            "mart.batch_cohort_weekly",
            "ExpectColumnValuesToBeBetween",
            {"column": "sold", "min_value": 0},
            key="sku",
            severity="batch",
        ),
        ColumnCheck(
            "signal_q_value_is_a_probability",
            "mart.batch_signal",
            "ExpectColumnValuesToBeBetween",
            {"column": "q_value", "min_value": 0, "max_value": 1},
            key="reason",
            severity="batch",
        ),
        SqlCheck("mart/action_effect__lies_in_its_interval"),
        SqlCheck("mart/cause_share__adds_up"),
        SqlCheck("mart/cohort_weekly__returned_within_sold"),
        SqlCheck("mart/cause_weekly__adds_up_to_cohorts"),
        SqlCheck("mart/kpi_weekly__shares_lie_in_their_interval"),
        SqlCheck("mart/kpi_weekly__only_full_weeks"),
        SqlCheck("mart/kpi_weekly__whole_is_the_sum_of_its_merchants"),
    ),
)
