-- mart.stage_cohort_weekly: units sold and returned of the Almaty weeks of orders in cohort_order. Lines are summed by
-- what they say themselves before anything is looked up: many lines, few cells.
insert into mart.stage_cohort_weekly (
    dag_id, run_id, merchant_id, cohort_week, horizon_days, category, sku, supplier, city, carrier,
    sold, returned, returned_lo, returned_hi, mature, backfilled
)
with sold as materialized (
    select
        placed.cohort_week,
        placed.city,
        placed.carrier,
        line.sku,
        sum(line.quantity) filter (where placed.is_sold) as quantity
    from cohort_order as placed
    -- by the order, however many others the merchant has; in the order of what it is asked by: nothing to sort
    inner join lateral (
        select
            each_line.sku,
            each_line.quantity
        from core.order_line as each_line
        where each_line.merchant_id = %(merchant_id)s and each_line.order_id = placed.order_id
        order by each_line.order_id
        offset 0
    ) as line on true
    where placed.is_sold or placed.is_back
    group by placed.cohort_week, placed.city, placed.carrier, line.sku
),

came_back as materialized (
    select
        cohort_week,
        city,
        carrier,
        sku,
        horizon_days,
        sum(returned) as returned,
        sum(returned_lo) as returned_lo,
        coalesce(sum(returned_hi) filter (where return_kind = 'customer_return'), 0) as returned_hi,
        coalesce(sum(returned_hi) filter (where return_kind = 'unknown'), 0) as unknown_kind
    from mart.stage_cohort_return
    where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s
    group by cohort_week, city, carrier, sku, horizon_days
),

cohort as (
    select distinct cohort_week
    from sold
),

ending as (
    select
        cohort.cohort_week,
        horizon.days as horizon_days,
        core.week_begin(cohort.cohort_week + 7 + horizon.days) as at
    from cohort
    cross join (values (14), (30)) as horizon (days)
),

-- a cohort is backfilled when no sweep over its last day was complete before its horizon
week as materialized (
    select
        ending.cohort_week,
        ending.horizon_days,
        ending.at <= %(now)s as mature,
        not exists (
            select 1
            from ops.sweep
            where
                sweep.merchant_id = %(merchant_id)s
                and sweep.published
                and sweep.created_from < core.week_begin(ending.cohort_week + 7)
                and sweep.created_to > core.week_begin(ending.cohort_week + 6)
                -- no sweep over a day is complete a week before it
                and sweep.completed_at >= core.week_begin(ending.cohort_week)
                and sweep.completed_at <= ending.at
        ) as backfilled
    from ending
)

select
    %(dag_id)s,
    %(run_id)s,
    %(merchant_id)s,
    sold.cohort_week,
    week.horizon_days,
    coalesce(product.category, 'unknown') as category,
    coalesce(sold.sku, 'unknown') as sku,
    coalesce(product.supplier, 'unknown') as supplier,
    sold.city,
    sold.carrier,
    coalesce(sold.quantity, 0)::integer as sold,
    coalesce(came_back.returned, 0)::integer as returned,
    coalesce(came_back.returned_lo, 0)::integer as returned_lo,
    -- a return whose kind was lost before the first sweep may be a customer's: only the upper bound has it
    (
        least(coalesce(came_back.returned_hi, 0), coalesce(sold.quantity, 0))
        + case when week.backfilled then coalesce(came_back.unknown_kind, 0) else 0 end
    )::integer as returned_hi,
    week.mature,
    week.backfilled
from sold
inner join week on sold.cohort_week = week.cohort_week
left join came_back
    on
        sold.cohort_week = came_back.cohort_week
        and week.horizon_days = came_back.horizon_days
        and sold.city = came_back.city
        and sold.carrier = came_back.carrier
        and coalesce(sold.sku, '') = coalesce(came_back.sku, '')
left join channel.resale_sku as resale
    on resale.merchant_id = %(merchant_id)s and sold.sku = resale.offer_sku
left join core.product as product
    on product.merchant_id = %(merchant_id)s and product.sku = coalesce(resale.sku, sold.sku)
where coalesce(sold.quantity, 0) > 0 or came_back.returned_hi + came_back.unknown_kind > 0;
