-- mart.stage_cause_weekly: the returned units of mart.stage_cohort_weekly by reason, finding and cause.
insert into mart.stage_cause_weekly (
    dag_id, run_id, merchant_id, cohort_week, horizon_days, category, sku, supplier, city, carrier,
    reason, finding, cause, returned
)
select
    %(dag_id)s,
    %(run_id)s,
    %(merchant_id)s,
    back.cohort_week,
    back.horizon_days,
    coalesce(product.category, 'unknown') as category,
    coalesce(back.sku, 'unknown') as sku,
    coalesce(product.supplier, 'unknown') as supplier,
    back.city,
    back.carrier,
    back.reason,
    back.finding,
    back.cause,
    back.returned
from (
    select
        cohort_week,
        horizon_days,
        sku,
        city,
        carrier,
        reason,
        finding,
        cause,
        sum(returned)::integer as returned
    from mart.stage_cohort_return
    where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s and returned > 0
    group by cohort_week, horizon_days, sku, city, carrier, reason, finding, cause
) as back
left join channel.resale_sku as resale
    on resale.merchant_id = %(merchant_id)s and back.sku = resale.offer_sku
left join core.product as product
    on product.merchant_id = %(merchant_id)s and product.sku = coalesce(resale.sku, back.sku);
