-- The returned pieces of the run's staged cohorts by age of the cohort, and by the week in which they were asked for.
-- merchant_id NULL is the whole house.
select
    coalesce(product.category, 'unknown') as category,
    came_back.horizon_days,
    ((%(monday)s::date - cohort.week) / 7)::integer as age,
    greatest(0, (came_back.requested_week - cohort.week) / 7)::integer as delay,
    sum(came_back.returned)::integer as returned
from mart.stage_cohort_return as came_back
inner join core.customer_order as placed
    on came_back.merchant_id = placed.merchant_id and came_back.order_id = placed.order_id
cross join lateral (
    select date_trunc('week', placed.created_at at time zone 'Asia/Almaty')::date as week
) as cohort
inner join core.order_line as line
    on came_back.merchant_id = line.merchant_id and came_back.entry_id = line.entry_id
left join channel.resale_sku as resale
    on line.merchant_id = resale.merchant_id and line.sku = resale.offer_sku
left join core.product as product
    on line.merchant_id = product.merchant_id and product.sku = coalesce(resale.sku, line.sku)
where
    came_back.dag_id = %(dag_id)s
    and came_back.run_id = %(run_id)s
    and (came_back.merchant_id = %(merchant_id)s or %(merchant_id)s is null)
    and came_back.returned > 0
    and came_back.requested_week < %(monday)s
    and cohort.week < %(monday)s::date
    and cohort.week >= %(monday)s::date - 7 * %(weeks)s
group by 1, 2, 3, 4;
