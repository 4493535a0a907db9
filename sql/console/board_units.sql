-- What is told of the units of a list, in its order; the storage of those that are still here up to today.
with tariff as materialized (
    select
        merchant_id,
        warehouse,
        days,
        amounts
    from core.storage_tariff
    where merchant_id = any(%(merchants)s)
)

select
    place.unit_id as key,
    place.unit_id,
    place.merchant_id,
    listed.at,
    unit.unit_label,
    place.sku,
    coalesce(product.name, line.product_name) as product_name,
    placed.code as order_code,
    place.category,
    place.supplier,
    place.state,
    place.zone,
    place.channel,
    place.stated_reason,
    place.cause,
    place.since,
    place.requested_at,
    place.received_at,
    place.decided_at,
    place.on_sale_at,
    place.resold_at,
    place.closed_at,
    place.value,
    place.proceeds,
    place.forward_delivery,
    place.collection,
    place.receiving,
    place.inspection,
    place.repair,
    place.parts,
    place.packaging,
    case
        when place.closed_at is not null then place.storage
        else core.storage_cost(core.day_of(place.received_at), %(today)s, tariff.days, tariff.amounts)
    end as storage,
    place.channel_fee,
    place.write_off,
    place.compensation
from unnest(%(units)s::uuid[], %(moments)s::timestamptz[]) as listed (unit_id, at)
inner join mart.unit_place as place on listed.unit_id = place.unit_id
inner join ledger.unit on place.unit_id = unit.unit_id
left join tariff on place.merchant_id = tariff.merchant_id and place.warehouse = tariff.warehouse
left join core.customer_order as placed
    on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
left join core.order_line as line on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
left join core.product on place.merchant_id = product.merchant_id and place.sku = product.sku
order by listed.at, listed.unit_id;
