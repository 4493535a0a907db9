-- Every counted return has exactly one cause: both marts count the same units.
with cause as (
    select
        merchant_id,
        cohort_week,
        horizon_days,
        sum(returned) as returned
    from mart.batch_cause_weekly
    group by merchant_id, cohort_week, horizon_days
),

cohort as (
    select
        merchant_id,
        cohort_week,
        horizon_days,
        sum(returned) as returned
    from mart.batch_cohort_weekly
    group by merchant_id, cohort_week, horizon_days
)

select
    coalesce(cohort.merchant_id, cause.merchant_id) as merchant_id,
    coalesce(cohort.cohort_week, cause.cohort_week)
    || ' h' || coalesce(cohort.horizon_days, cause.horizon_days) as record_key,
    'cohorts count ' || coalesce(cohort.returned, 0) || ' returns, causes ' || coalesce(cause.returned, 0) as detail
from cohort
full join cause
    on
        cohort.merchant_id = cause.merchant_id
        and cohort.cohort_week = cause.cohort_week
        and cohort.horizon_days = cause.horizon_days
where coalesce(cohort.returned, 0) <> coalesce(cause.returned, 0)
