-- The returned pieces by age of their cohort, and by the week in which they were asked for, as this run counts them.
-- merchant_id NULL is the whole house.
with came_back as (
    select
        staged.merchant_id,
        staged.cohort_week,
        staged.horizon_days,
        staged.category,
        staged.requested_week,
        staged.returned
    from mart.stage_delay_weekly as staged
    where staged.dag_id = %(dag_id)s and staged.run_id = %(run_id)s
    union all
    select
        known.merchant_id,
        known.cohort_week,
        known.horizon_days,
        known.category,
        known.requested_week,
        known.returned
    from mart.delay_weekly as known
    where
        not exists (
            select 1
            from mart.stage_touch as touch
            where
                touch.dag_id = %(dag_id)s
                and touch.run_id = %(run_id)s
                and touch.merchant_id = known.merchant_id
                and touch.kind = 'cohort'
                and touch.week_start = known.cohort_week
        )
)

select
    category,
    horizon_days,
    ((%(monday)s::date - cohort_week) / 7)::integer as age,
    greatest(0, (requested_week - cohort_week) / 7)::integer as delay,
    sum(returned)::integer as returned
from came_back
where
    case
        when %(merchant_id)s::text is not null then merchant_id = %(merchant_id)s
        else merchant_id in (
            select merchant.merchant_id
            from core.merchant as merchant
            where merchant.active
        )
    end
    and requested_week < %(monday)s
    and cohort_week < %(monday)s::date
    and cohort_week >= %(monday)s::date - 7 * %(weeks)s
group by 1, 2, 3, 4;
