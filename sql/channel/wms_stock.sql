-- channel.wms_stock: the warehouse's own counts.
insert into channel.wms_stock (merchant_id, store_id, offer_sku, counted_at, quantity)
select
    event.merchant_id,
    event.store_id,
    event.payload ->> 'offer_sku',
    event.occurred_at,
    (event.payload ->> 'quantity')::integer
from core.warehouse_event as event
where event.merchant_id = %(merchant_id)s and event.type = 'stock_counted'
on conflict (merchant_id, store_id, offer_sku, counted_at) do nothing;
