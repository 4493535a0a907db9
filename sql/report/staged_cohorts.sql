-- The mature cohorts of the run's staged rows by category; merchant_id NULL is the whole house.
select
    category,
    cohort_week as week_start,
    horizon_days,
    sum(sold)::integer as sold,
    sum(returned)::integer as returned,
    sum(returned_lo)::integer as returned_lo,
    sum(returned_hi)::integer as returned_hi,
    sum(greatest(returned_hi - sold, 0))::integer as beyond_sold,
    bool_or(backfilled) as backfilled
from mart.stage_cohort_weekly
where
    dag_id = %(dag_id)s
    and run_id = %(run_id)s
    and (merchant_id = %(merchant_id)s or %(merchant_id)s is null)
    and mature
group by category, cohort_week, horizon_days;
