-- mart.delay_weekly: what the gate passed replaces the touched weeks; an unchanged row is not written again.
delete from mart.delay_weekly as old
where
    old.merchant_id = %(merchant_id)s
    and old.cohort_week = any(
        array(
            select touch.week_start
            from mart.stage_touch as touch
            where
                touch.dag_id = %(dag_id)s
                and touch.run_id = %(run_id)s
                and touch.merchant_id = %(merchant_id)s
                and touch.kind = 'cohort'
        )
    )
    and not exists (
        select 1
        from mart.stage_delay_weekly as new
        where
            new.dag_id = %(dag_id)s
            and new.run_id = %(run_id)s
            and new.merchant_id = old.merchant_id
            and new.cohort_week = old.cohort_week
            and new.horizon_days = old.horizon_days
            and new.category = old.category
            and new.requested_week = old.requested_week
    );

insert into mart.delay_weekly as old (
    merchant_id, cohort_week, horizon_days, category, requested_week, returned
)
select
    merchant_id,
    cohort_week,
    horizon_days,
    category,
    requested_week,
    returned
from mart.stage_delay_weekly
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s
on conflict (merchant_id, cohort_week, horizon_days, category, requested_week) do update
    set
        returned = excluded.returned
    where old.returned <> excluded.returned;
