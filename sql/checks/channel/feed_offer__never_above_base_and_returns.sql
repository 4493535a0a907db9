-- No quantity is above base + returned units unsold - reserved, counted afresh from the units.
with free as (
    select
        merchant_id,
        offer_sku,
        store_id,
        sum(quantity) as units
    from channel.offered_unit
    where channel <> 'off_kaspi' and not reserved
    group by merchant_id, offer_sku, store_id
),

doubled as (
    select
        merchant_id,
        version,
        offer_sku,
        store_id,
        sum(quantity) as quantity,
        sum(coalesce(base_quantity, 0)) as base_quantity
    from channel.batch_feed_offer
    group by merchant_id, version, offer_sku, store_id
)

select
    doubled.merchant_id,
    doubled.offer_sku as record_key,
    'published ' || doubled.quantity || ', base ' || doubled.base_quantity || ', returned and free '
    || coalesce(free.units, 0) as detail
from doubled
left join free
    on
        doubled.merchant_id = free.merchant_id
        and doubled.offer_sku = free.offer_sku
        and doubled.store_id = free.store_id
where doubled.quantity > doubled.base_quantity + coalesce(free.units, 0)
