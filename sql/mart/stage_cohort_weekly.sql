-- mart.stage_cohort_weekly: units sold and returned of each Almaty week of orders, for the batch of one merchant.
with sold_order as (
    select *
    from cohort_order
    where is_sold or is_back
),

line as (
    select
        sold_order.cohort_week,
        sold_order.order_id,
        order_line.entry_id,
        case when sold_order.is_sold then order_line.quantity else 0 end as quantity,
        coalesce(order_line.sku, 'unknown') as sku,
        coalesce(product.category, 'unknown') as category,
        coalesce(product.supplier, 'unknown') as supplier,
        sold_order.city,
        sold_order.carrier
    from sold_order
    inner join core.order_line as order_line
        on order_line.merchant_id = %(merchant_id)s and sold_order.order_id = order_line.order_id
    left join channel.resale_sku as resale
        on order_line.merchant_id = resale.merchant_id and order_line.sku = resale.offer_sku
    left join core.product as product
        on
            order_line.merchant_id = product.merchant_id
            and product.sku = coalesce(resale.sku, order_line.sku)
),

came_back as (
    select
        entry_id,
        horizon_days,
        sum(returned)::integer as returned,
        sum(returned_lo)::integer as returned_lo,
        sum(returned_hi) filter (where return_kind = 'customer_return')::integer as returned_hi,
        sum(returned_hi) filter (where return_kind = 'unknown')::integer as unknown_kind
    from mart.stage_cohort_return
    where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s
    group by entry_id, horizon_days
),

-- a cohort is backfilled when no sweep over its last day was complete before its horizon
week as (
    select
        weeks.cohort_week,
        horizon.days as horizon_days,
        ending.at <= %(now)s as mature,
        not exists (
            select 1
            from ops.sweep
            where
                sweep.merchant_id = %(merchant_id)s
                and sweep.published
                and sweep.created_from < core.week_begin(weeks.cohort_week + 7)
                and sweep.created_to > core.week_begin(weeks.cohort_week + 6)
                -- no sweep over a day is complete a week before it
                and sweep.completed_at >= core.week_begin(weeks.cohort_week)
                and sweep.completed_at <= ending.at
        ) as backfilled
    from (select distinct sold_order.cohort_week from sold_order) as weeks
    cross join (values (14), (30)) as horizon (days)
    cross join lateral (
        select core.week_begin(weeks.cohort_week + 7 + horizon.days) as at
    ) as ending
),

flagged as (
    select
        line.*,
        week.horizon_days,
        week.mature,
        week.backfilled
    from line
    inner join week on line.cohort_week = week.cohort_week
)

insert into mart.stage_cohort_weekly (
    dag_id, run_id, merchant_id, cohort_week, horizon_days, category, sku, supplier, city, carrier,
    sold, returned, returned_lo, returned_hi, mature, backfilled
)
select
    %(dag_id)s,
    %(run_id)s,
    %(merchant_id)s,
    flagged.cohort_week,
    flagged.horizon_days,
    flagged.category,
    flagged.sku,
    flagged.supplier,
    flagged.city,
    flagged.carrier,
    sum(flagged.quantity)::integer as sold,
    sum(coalesce(came_back.returned, 0))::integer as returned,
    sum(coalesce(came_back.returned_lo, 0))::integer as returned_lo,
    -- a return whose kind was lost before the first sweep may be a customer's: only the upper bound has it
    (
        least(sum(coalesce(came_back.returned_hi, 0)), sum(flagged.quantity))
        + sum(case when flagged.backfilled then coalesce(came_back.unknown_kind, 0) else 0 end)
    )::integer as returned_hi,
    flagged.mature,
    flagged.backfilled
from flagged
left join came_back
    on flagged.entry_id = came_back.entry_id and flagged.horizon_days = came_back.horizon_days
group by
    flagged.cohort_week, flagged.horizon_days, flagged.category, flagged.sku, flagged.supplier, flagged.city,
    flagged.carrier, flagged.mature, flagged.backfilled
having sum(flagged.quantity) > 0 or sum(coalesce(came_back.returned_hi, 0) + coalesce(came_back.unknown_kind, 0)) > 0;
