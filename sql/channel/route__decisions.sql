-- What was decided about a merchant's units, as they were known then, and what had become of them by a moment.
select
    addition.unit_id,
    addition.merchant_id,
    addition.decided_at,
    addition.channel,
    'qc' as state,
    coalesce(sold_as.sku, unit.sku) as sku,
    store.warehouse,
    coalesce(product.category, 'unknown') as category,
    looked.payload ->> 'grade' as grade,
    looked.payload ->> 'route' as route,
    looked.payload ->> 'finding' as finding,
    coalesce(worked.used, (looked.payload ->> 'signs_of_use')::boolean) as signs_of_use,
    coalesce(worked.repaired, false) as repaired,
    coalesce(worked.repacked, false) as repacked,
    (looked.payload ->> 'packaging_intact')::boolean as packaging_intact,
    coalesce(
        case when addition.channel = 'main' then addition.price end,
        case when sold_as.sku is null then line.base_price end,
        listed.price
    ) as main_price,
    unit.received_at,
    spent.repair + spent.parts as repair,
    spent.packaging,
    spent.receiving + spent.inspection as handling,
    case when unit.resold_at <= %(as_of)s and addition.withdrawn_at is null then unit.resold_at end as resold_at,
    unit.resale_price as sold_for,
    addition.withdrawn_at
from channel.addition as addition
inner join ledger.unit as unit on addition.unit_id = unit.unit_id
left join core.store as store
    on addition.merchant_id = store.merchant_id and addition.store_id = store.store_id
left join channel.resale_sku as sold_as
    on unit.merchant_id = sold_as.merchant_id and unit.sku = sold_as.offer_sku
left join core.product as product
    on unit.merchant_id = product.merchant_id and coalesce(sold_as.sku, unit.sku) = product.sku
left join core.order_line as line
    on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id and unit.sku = line.sku
left join lateral (
    select inspected.payload
    from ledger.effective_event as inspected
    where
        inspected.unit_id = addition.unit_id
        and inspected.type = 'inspected'
        and inspected.seq < addition.decision_seq
    order by inspected.seq desc
    limit 1
) as looked on true
left join lateral (
    select
        bool_or(work.type = 'repaired') as repaired,
        bool_or(work.type = 'repacked') as repacked,
        bool_or((work.payload ->> 'signs_of_use')::boolean) filter (where work.type = 'inspected') as used
    from ledger.effective_event as work
    where
        work.unit_id = addition.unit_id
        and work.type in ('inspected', 'repaired', 'repacked')
        and work.seq < addition.decision_seq
) as worked on true
left join lateral (
    select offer.price
    from channel.base_offer as offer
    where
        offer.merchant_id = addition.merchant_id
        and offer.sku = coalesce(sold_as.sku, unit.sku)
        and offer.price is not null
    order by offer.base_version desc, offer.position asc
    limit 1
) as listed on true
cross join lateral core.booked_costs(addition.unit_id) as spent
where addition.merchant_id = %(merchant_id)s and addition.decided_at < %(as_of)s
order by addition.decided_at, addition.unit_id;
