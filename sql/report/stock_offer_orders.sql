-- The orders that changed what buyers see of an offer since Kaspi took the list, the newest first.
select
    placed.code,
    placed.status,
    placed.created_at,
    placed.handed_over_at,
    line.quantity,
    line.base_price as price,
    count(sale.unit_id) filter (where sale.state <> 'freed') as returned_units
from core.order_line as line
inner join core.customer_order as placed
    on line.merchant_id = placed.merchant_id and line.order_id = placed.order_id
inner join channel.order_store as order_store
    on placed.merchant_id = order_store.merchant_id and placed.order_id = order_store.order_id
left join channel.sale as sale on line.merchant_id = sale.merchant_id and line.entry_id = sale.entry_id
left join lateral (
    select min(observation.seen_to) as seen_to
    from core.order_observation as observation
    where
        observation.merchant_id = placed.merchant_id
        and observation.order_id = placed.order_id
        and observation.status in ('CANCELLED', 'CANCELLING')
) as cancelled on true
where
    line.merchant_id = %(merchant_id)s
    and line.sku = %(offer_sku)s
    and order_store.store_id = %(store_id)s
    and (placed.created_at >= %(since)s or (placed.handed_over_at is null and cancelled.seen_to > %(since)s))
group by
    placed.code, placed.status, placed.created_at, placed.handed_over_at, line.entry_id, line.quantity, line.base_price
order by placed.created_at desc, placed.code asc
limit 100;
