-- mart.stage_delay_weekly: the returned units of mart.stage_cohort_weekly by the week in which they were asked for.
insert into mart.stage_delay_weekly (
    dag_id, run_id, merchant_id, cohort_week, horizon_days, category, requested_week, returned
)
select
    came_back.dag_id,
    came_back.run_id,
    came_back.merchant_id,
    placed.cohort_week,
    came_back.horizon_days,
    coalesce(product.category, 'unknown') as category,
    came_back.requested_week,
    sum(came_back.returned)::integer as returned
from mart.stage_cohort_return as came_back
inner join cohort_order as placed on came_back.order_id = placed.order_id
inner join core.order_line as line
    on came_back.merchant_id = line.merchant_id and came_back.entry_id = line.entry_id
left join channel.resale_sku as resale
    on line.merchant_id = resale.merchant_id and line.sku = resale.offer_sku
left join core.product as product
    on line.merchant_id = product.merchant_id and product.sku = coalesce(resale.sku, line.sku)
where
    came_back.dag_id = %(dag_id)s
    and came_back.run_id = %(run_id)s
    and came_back.merchant_id = %(merchant_id)s
    and came_back.returned > 0
group by 1, 2, 3, 4, 5, 6, 7;
