-- A weekly run asks which of a merchant's young cohorts nobody had swept in time: of them, and not of all their cells.
create index cohort_weekly_backfilled on mart.cohort_weekly (merchant_id, cohort_week) where backfilled;
