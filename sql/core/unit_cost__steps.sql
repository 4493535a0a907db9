-- Booked events with what their cost depends on; those whose costs are all known already, or taken back, are left out.
with charge as (
    select
        cost.event_id,
        cost.term || '/' || cost.code as name,
        bool_or(cost.kind <> 'unknown') as known
    from core.unit_cost as cost
    where cost.event_id = any(%(event_ids)s)
    group by cost.event_id, cost.term, cost.code
),

booked as (
    select
        charge.event_id,
        array_agg(charge.name) filter (where not charge.known) as unknown_codes
    from charge
    group by charge.event_id
)

select
    event.event_id,
    event.unit_id,
    event.merchant_id,
    event.type,
    event.state_from,
    event.occurred_at,
    event.payload,
    store.warehouse,
    unit.channel,
    coalesce((event.payload ->> 'resale_price')::bigint, unit.resale_price) as sale_price,
    product.cost as goods_cost,
    coalesce(booked.unknown_codes, '{}') as unknown_codes
from ledger.unit_event as event
inner join ledger.unit on event.unit_id = unit.unit_id
left join core.store as store
    on unit.merchant_id = store.merchant_id and unit.store_id = store.store_id
-- goods that were sold under a resale SKU and came back are goods of the main SKU
left join channel.resale_sku as sold_as
    on unit.merchant_id = sold_as.merchant_id and unit.sku = sold_as.offer_sku
left join core.product as product
    on unit.merchant_id = product.merchant_id and coalesce(sold_as.sku, unit.sku) = product.sku
left join booked on event.event_id = booked.event_id
where
    event.event_id = any(%(event_ids)s)
    and event.merchant_id = %(merchant_id)s
    and event.type <> 'voided'
    and (booked.event_id is null or booked.unknown_codes is not null)
order by event.event_id;
