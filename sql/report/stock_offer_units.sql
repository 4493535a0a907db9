-- The returned units behind an offer: those that stand there, and those it sold in the last month.
select
    addition.unit_id,
    unit.unit_label,
    unit.state,
    unit.sku,
    addition.quantity,
    addition.price,
    unit.qc_at,
    addition.published_at,
    addition.fetched_at,
    addition.observed_at,
    addition.waiting_reason,
    addition.withdrawn_at,
    sale.state as sale_state,
    sale.attribution,
    coalesce(sale.reserved_at, unit.resold_at) as sold_at,
    coalesce(placed.code, unit.sold_order_id) as order_code
from channel.addition as addition
inner join ledger.unit as unit on addition.unit_id = unit.unit_id
left join channel.sale as sale on addition.unit_id = sale.unit_id and sale.state <> 'freed'
left join core.customer_order as placed
    on sale.merchant_id = placed.merchant_id and sale.order_id = placed.order_id
where
    addition.merchant_id = %(merchant_id)s
    and addition.offer_sku = %(offer_sku)s
    and addition.store_id = %(store_id)s
    and addition.channel <> 'off_kaspi'
    and (
        (addition.withdrawn_at is null and unit.state in ('restock_pending', 'on_sale'))
        or unit.resold_at > %(now)s::timestamptz - interval '30 days'
    )
order by unit.resold_at desc nulls first, unit.qc_at asc, addition.unit_id asc;
