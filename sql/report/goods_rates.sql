-- Pieces sold and returned of each SKU, and of each supplier's goods of a category, in the newest mature cohorts
-- (%(horizon_days)s days) of one merchant from %(weeks_from)s on, as this run counts them.
with cohort as (
    select
        category,
        sku,
        supplier,
        sold,
        returned
    from mart.stage_cohort_weekly
    where
        dag_id = %(dag_id)s
        and run_id = %(run_id)s
        and merchant_id = %(merchant_id)s
        and horizon_days = %(horizon_days)s
        and mature
        and cohort_week >= %(weeks_from)s
    union all
    select
        known.category,
        known.sku,
        known.supplier,
        known.sold,
        known.returned
    from mart.cohort_weekly as known
    where
        known.merchant_id = %(merchant_id)s
        and known.horizon_days = %(horizon_days)s
        and known.mature
        and known.cohort_week >= %(weeks_from)s
        and not exists (
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
    sku,
    null as supplier,
    sum(sold)::integer as sold,
    sum(returned)::integer as returned
from cohort
where sku <> 'unknown'
group by category, sku
having sum(sold) > 0
union all
select
    category,
    null as sku,
    supplier,
    sum(sold)::integer as sold,
    sum(returned)::integer as returned
from cohort
where supplier <> 'unknown'
group by category, supplier
having sum(sold) > 0
order by category, sku, supplier;
