-- mart.cause_weekly: what the gate passed of the touched weeks; what was said otherwise goes to its past, what
-- stays is not written again.
with superseded as (
    delete from mart.cause_weekly as old
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
            from mart.stage_cause_weekly as new
            where
                new.dag_id = %(dag_id)s
                and new.run_id = %(run_id)s
                and new.merchant_id = old.merchant_id
                and new.cohort_week = old.cohort_week
                and new.horizon_days = old.horizon_days
                and new.category = old.category
                and new.sku = old.sku
                and new.supplier = old.supplier
                and new.city = old.city
                and new.carrier = old.carrier
                and new.reason = old.reason
                and new.finding = old.finding
                and new.cause = old.cause
                and new.returned = old.returned
        )
    returning old.*
)

insert into mart.cause_weekly_past (
    merchant_id, cohort_week, horizon_days, category, sku, supplier, city, carrier, reason, finding, cause,
    returned, known_on, known_until
)
select
    merchant_id,
    cohort_week,
    horizon_days,
    category,
    sku,
    supplier,
    city,
    carrier,
    reason,
    finding,
    cause,
    returned,
    known_on,
    %(known_on)s as known_until
from superseded
where known_on < %(known_on)s;

insert into mart.cause_weekly (
    merchant_id, cohort_week, horizon_days, category, sku, supplier, city, carrier, reason, finding, cause,
    returned, known_on
)
select
    merchant_id,
    cohort_week,
    horizon_days,
    category,
    sku,
    supplier,
    city,
    carrier,
    reason,
    finding,
    cause,
    returned,
    %(known_on)s
from mart.stage_cause_weekly
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s
on conflict do nothing;
