-- The returned pieces of the run's staged cohorts by age of the cohort, and by the week in which they were asked for.
-- merchant_id NULL is the whole house.
with came_back as (
    select
        staged.horizon_days,
        staged.requested_week,
        staged.returned,
        line.sku,
        line.merchant_id,
        date_trunc('week', placed.created_at at time zone 'Asia/Almaty')::date as cohort_week
    from mart.stage_cohort_return as staged
    inner join core.customer_order as placed
        on staged.merchant_id = placed.merchant_id and staged.order_id = placed.order_id
    inner join core.order_line as line
        on staged.merchant_id = line.merchant_id and staged.entry_id = line.entry_id
    where
        staged.dag_id = %(dag_id)s
        and staged.run_id = %(run_id)s
        and (staged.merchant_id = %(merchant_id)s or %(merchant_id)s is null)
        and staged.returned > 0
        and staged.requested_week < %(monday)s
)

select
    coalesce(product.category, 'unknown') as category,
    came_back.horizon_days,
    ((%(monday)s::date - came_back.cohort_week) / 7)::integer as age,
    greatest(0, (came_back.requested_week - came_back.cohort_week) / 7)::integer as delay,
    sum(came_back.returned)::integer as returned
from came_back
left join channel.resale_sku as resale
    on came_back.merchant_id = resale.merchant_id and came_back.sku = resale.offer_sku
left join core.product as product
    on came_back.merchant_id = product.merchant_id and product.sku = coalesce(resale.sku, came_back.sku)
where
    came_back.cohort_week < %(monday)s::date
    and came_back.cohort_week >= %(monday)s::date - 7 * %(weeks)s
group by 1, 2, 3, 4;
