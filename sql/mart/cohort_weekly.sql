-- mart.cohort_weekly: what the gate passed replaces the touched weeks; an unchanged row is not written again.
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
            and new.sku = old.sku
            and new.supplier = old.supplier
            and new.city = old.city
            and new.carrier = old.carrier
            and new.category = old.category
    );

insert into mart.cohort_weekly as old (
    merchant_id, cohort_week, horizon_days, category, sku, supplier, city, carrier, sold, returned,
    returned_lo, returned_hi, mature, backfilled
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
    backfilled
from mart.stage_cohort_weekly
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s
on conflict (merchant_id, cohort_week, horizon_days, sku, supplier, city, carrier, category) do update
    set
        sold = excluded.sold,
        returned = excluded.returned,
        returned_lo = excluded.returned_lo,
        returned_hi = excluded.returned_hi,
        mature = excluded.mature,
        backfilled = excluded.backfilled
    where
    (
        old.sold, old.returned, old.returned_lo, old.returned_hi, old.mature, old.backfilled
    )
    is distinct from (
        excluded.sold, excluded.returned, excluded.returned_lo, excluded.returned_hi, excluded.mature,
        excluded.backfilled
    );
