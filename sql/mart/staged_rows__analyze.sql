-- What was staged a moment ago is not in the statistics yet; it would be added up and published as if it were nothing.
select ops.analyze_table(staged.relation)
from unnest(
    '{
        mart.stage_touch,mart.stage_cohort_weekly,mart.stage_cause_weekly,mart.stage_delay_weekly,
        mart.stage_receipt_weekly,mart.stage_expected_weekly
    }'::regclass[]
) as staged (relation);
