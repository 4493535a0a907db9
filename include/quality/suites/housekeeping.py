"""The invariants: what must hold of everything, looked at every night."""

from include.quality.suite import ColumnCheck, SqlCheck, Suite

SUITE = Suite(
    "housekeeping",
    (
        ColumnCheck(
            "quarantine_is_not_old", "ops.open_quarantine", "ExpectColumnValuesToBeBetween",
            {"column": "age_days", "min_value": 0, "max_value": 14}, "id", "warning",
        ),
        ColumnCheck(
            "replayed_records_came_back", "ops.replayed_quarantine", "ExpectColumnValuesToBeBetween",
            {"column": "hours", "max_value": 24}, "id", "warning",
        ),
        SqlCheck("core/customer_order__nothing_without_it"),
        SqlCheck("mart/balance_daily__closes"),
        SqlCheck("ledger/unit_event__seq_has_no_gap"),
        SqlCheck("ledger/unit_event__nobody_may_change_it", "warning"),
        SqlCheck("ledger/unit__stands_where_it_was_left"),
        SqlCheck("ledger/unit__received_is_accepted_scans"),
        SqlCheck("ledger/unit__no_used_goods_on_kaspi"),
        SqlCheck("ledger/unit__has_a_return_kind"),
        SqlCheck("channel/addition__is_a_decision_of_the_ledger"),
        SqlCheck("core/unit_cost__every_step_has_its_cost"),
        SqlCheck("core/unit_cost__is_known", "warning"),
        SqlCheck("mart/unit__costs_add_up"),
        SqlCheck("core/claim__is_its_last_event"),
        SqlCheck("core/supplier_claimed__is_a_live_claim"),
        SqlCheck("core/unit_verdict__is_what_the_facts_say"),
        SqlCheck("core/discrepancy__is_its_verdict"),
    ),
)  # fmt: skip
