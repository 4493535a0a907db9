-- Units that have passed QC and wait for a decision, with all that the policy and the price need.
with only_store as (
    select min(store_id) as store_id
    from core.store
    where merchant_id = %(merchant_id)s
    having count(*) = 1
)

select
    unit.unit_id,
    unit.seq,
    unit.state,
    coalesce(sold_as.sku, unit.sku) as sku,
    store.store_id,
    store.base_includes_returns,
    unit.grade,
    unit.route,
    unit.finding,
    unit.signs_of_use,
    unit.repaired,
    (looked.payload ->> 'packaging_intact')::boolean as packaging_intact,
    exists(
        select 1
        from ledger.effective_event as packed
        where packed.unit_id = unit.unit_id and packed.type = 'repacked' and packed.seq > coalesce(looked.seq, 0)
    ) as repacked,
    coalesce(listed.price, case when sold_as.sku is null then line.base_price end) as main_price,
    resale_sku.offer_sku as resale_sku,
    unit.qc_at
from ledger.unit as unit
left join only_store on true
left join core.store as store
    on
        unit.merchant_id = store.merchant_id
        and coalesce(unit.store_id, only_store.store_id) = store.store_id
left join core.order_line as line
    on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id and unit.sku = line.sku
-- goods that were sold under a resale SKU and came back are goods of the main SKU
left join channel.resale_sku as sold_as
    on unit.merchant_id = sold_as.merchant_id and unit.sku = sold_as.offer_sku
left join channel.resale_sku as resale_sku
    on unit.merchant_id = resale_sku.merchant_id and coalesce(sold_as.sku, unit.sku) = resale_sku.sku
left join lateral (
    select
        inspected.seq,
        inspected.payload
    from ledger.effective_event as inspected
    where inspected.unit_id = unit.unit_id and inspected.type = 'inspected'
    order by inspected.seq desc
    limit 1
) as looked on true
left join lateral (
    select offer.price
    from channel.base_offer as offer
    where
        offer.merchant_id = unit.merchant_id
        and offer.sku = coalesce(sold_as.sku, unit.sku)
        and offer.price is not null
    order by offer.base_version desc, offer.position asc
    limit 1
) as listed on true
where unit.merchant_id = %(merchant_id)s and unit.state = 'qc'
order by unit.qc_at, unit.unit_id;
