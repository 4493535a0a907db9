-- Pieces handed over in the two windows, shifted back by the usual time from hand-over to the dock.
with usual as (
    select
        coalesce(
            percentile_cont(0.5) within group (
                order by extract(epoch from unit.received_at - placed.handed_over_at)
            ),
            21 * 86400
        ) as seconds
    from ledger.unit as unit
    inner join core.customer_order as placed
        on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
    where
        unit.merchant_id = %(merchant_id)s
        and unit.received_at >= %(before_from)s
        and unit.received_at < %(recent_to)s
        and placed.handed_over_at < unit.received_at
)

select
    coalesce(product.category, 'unknown') as category,
    coalesce(product.supplier, 'unknown') as supplier,
    coalesce(product.batch, 'unknown') as batch,
    placed.handed_over_at + make_interval(secs => usual.seconds) >= %(recent_from)s as recent,
    round(usual.seconds / 86400.0)::integer as lag_days,
    sum(line.quantity)::integer as units
from core.customer_order as placed
cross join usual
inner join core.order_line as line
    on placed.merchant_id = line.merchant_id and placed.order_id = line.order_id
left join channel.resale_sku as resale
    on line.merchant_id = resale.merchant_id and line.sku = resale.offer_sku
left join core.product as product
    on line.merchant_id = product.merchant_id and product.sku = coalesce(resale.sku, line.sku)
where
    placed.merchant_id = %(merchant_id)s
    and placed.handed_over_at + make_interval(secs => usual.seconds) >= %(before_from)s
    and placed.handed_over_at + make_interval(secs => usual.seconds) < %(recent_to)s
group by 1, 2, 3, 4, 5;
