-- mart.cohort_weekly: what the gate passed of the touched weeks; what was said otherwise goes to its past, what
-- stays is not written again.
with superseded as (
    delete from mart.cohort_weekly as old
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
            from mart.stage_cohort_weekly as new
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
                and new.sold = old.sold
                and new.returned = old.returned
                and new.returned_lo = old.returned_lo
                and new.returned_hi = old.returned_hi
                and new.mature = old.mature
                and new.backfilled = old.backfilled
        )
    returning old.*
)

insert into mart.cohort_weekly_past (
    merchant_id, cohort_week, horizon_days, category, sku, supplier, city, carrier, sold, returned, returned_lo,
    returned_hi, mature, backfilled, known_on, known_until
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
    sold,
    returned,
    returned_lo,
    returned_hi,
    mature,
    backfilled,
    known_on,
    %(known_on)s as known_until
from superseded
where known_on < %(known_on)s;

insert into mart.cohort_weekly (
    merchant_id, cohort_week, horizon_days, category, sku, supplier, city, carrier, sold, returned, returned_lo,
    returned_hi, mature, backfilled, known_on
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
    sold,
    returned,
    returned_lo,
    returned_hi,
    mature,
    backfilled,
    %(known_on)s
from mart.stage_cohort_weekly
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s
on conflict do nothing;
