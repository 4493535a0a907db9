-- mart.stage_delay_weekly: the returned units of mart.stage_cohort_weekly by the week in which they were asked for.
insert into mart.stage_delay_weekly (
    dag_id, run_id, merchant_id, cohort_week, horizon_days, category, requested_week, returned
)
select
    %(dag_id)s,
    %(run_id)s,
    %(merchant_id)s,
    back.cohort_week,
    back.horizon_days,
    coalesce(product.category, 'unknown') as category,
    back.requested_week,
    sum(back.returned)::integer as returned
from (
    select
        cohort_week,
        horizon_days,
        sku,
        requested_week,
        sum(returned) as returned
    from mart.stage_cohort_return
    where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s and returned > 0
    group by cohort_week, horizon_days, sku, requested_week
) as back
left join channel.resale_sku as resale
    on resale.merchant_id = %(merchant_id)s and back.sku = resale.offer_sku
left join core.product as product
    on product.merchant_id = %(merchant_id)s and product.sku = coalesce(resale.sku, back.sku)
group by 1, 2, 3, 4, 5, 6, 7;
