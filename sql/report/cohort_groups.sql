-- The mature cohorts of some weeks as this run counts them, by category, SKU and supplier, and all of them; merchant_id
-- NULL is the whole house, which has no SKUs.
with cell as (
    select
        staged.merchant_id,
        staged.cohort_week,
        staged.horizon_days,
        staged.category,
        staged.sku,
        staged.supplier,
        staged.sold,
        staged.returned,
        staged.returned_lo,
        staged.returned_hi,
        staged.mature,
        staged.backfilled
    from mart.stage_cohort_weekly as staged
    where staged.dag_id = %(dag_id)s and staged.run_id = %(run_id)s
    union all
    select
        known.merchant_id,
        known.cohort_week,
        known.horizon_days,
        known.category,
        known.sku,
        known.supplier,
        known.sold,
        known.returned,
        known.returned_lo,
        known.returned_hi,
        known.mature,
        known.backfilled
    from mart.cohort_weekly as known
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
    cell.cohort_week as week_start,
    cell.horizon_days,
    cell.category,
    cell.sku,
    cell.supplier,
    sum(cell.sold)::integer as sold,
    sum(cell.returned)::integer as returned,
    sum(cell.returned_lo)::integer as returned_lo,
    sum(cell.returned_hi)::integer as returned_hi,
    sum(greatest(cell.returned_hi - cell.sold, 0))::integer as beyond_sold,
    bool_or(cell.backfilled) as backfilled
from cell
where
    cell.cohort_week = any(%(weeks)s::date[])
    and cell.mature
    and case
        when %(merchant_id)s::text is not null then cell.merchant_id = %(merchant_id)s
        else cell.merchant_id in (
            select merchant.merchant_id
            from core.merchant as merchant
            where merchant.active
        )
    end
group by
    grouping sets (
        (cell.cohort_week, cell.horizon_days),
        (cell.cohort_week, cell.horizon_days, cell.category),
        (cell.cohort_week, cell.horizon_days, cell.category, cell.sku),
        (cell.cohort_week, cell.horizon_days, cell.supplier),
        (cell.cohort_week, cell.horizon_days, cell.category, cell.supplier)
    )
having
    sum(cell.sold) > 0
    and (%(merchant_id)s::text is not null or (grouping(cell.sku) = 1 and grouping(cell.supplier) = 1));
