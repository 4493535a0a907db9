-- The order lines that may take a returned unit, with the base list in force when each was placed.
with offered as (
    select
        offered_unit.offer_sku,
        offered_unit.channel = 'main' as main,
        min(offered_unit.published_at) as since
    from channel.offered_unit
    where offered_unit.merchant_id = %(merchant_id)s and offered_unit.channel <> 'off_kaspi'
    group by offered_unit.offer_sku, offered_unit.channel
),

watched as (
    select
        offered.offer_sku,
        offered.main,
        coalesce(base.fetched_at, offered.since) as since
    from offered
    left join lateral (
        select max(base_list.fetched_at) as fetched_at
        from channel.base_list
        where base_list.merchant_id = %(merchant_id)s and base_list.fetched_at <= offered.since
    ) as base on offered.main
),

wanted as (
    select line.entry_id
    from core.order_line as line
    inner join core.customer_order as placed
        on line.merchant_id = placed.merchant_id and line.order_id = placed.order_id
    inner join watched on line.sku = watched.offer_sku
    where line.merchant_id = %(merchant_id)s and placed.created_at >= watched.since
    union
    select sale.entry_id
    from channel.sale as sale
    where sale.merchant_id = %(merchant_id)s and sale.state = 'reserved'
    union
    select line.entry_id
    from ledger.unit as unit
    inner join core.customer_order as placed
        on unit.merchant_id = placed.merchant_id and unit.sold_order_id in (placed.order_id, placed.code)
    inner join core.order_line as line
        on placed.merchant_id = line.merchant_id and placed.order_id = line.order_id
    where
        unit.merchant_id = %(merchant_id)s
        and unit.state = 'resold'
        and unit.attribution = 'scan'
        and not exists (
            select 1
            from channel.sale as done
            where done.unit_id = unit.unit_id and done.state = 'sold'
        )
)

select
    line.entry_id,
    line.order_id,
    placed.code,
    line.sku as offer_sku,
    order_store.store_id,
    not exists (
        select 1
        from channel.resale_sku
        where resale_sku.merchant_id = line.merchant_id and resale_sku.offer_sku = line.sku
    ) as main,
    line.quantity,
    line.base_price as price,
    placed.created_at as ordered_at,
    -- where the merchant delivers himself no courier takes it over: what the buyer has is gone
    coalesce(placed.handed_over_at, seen.completed_at) as handed_over_at,
    placed.status in ('CANCELLED', 'CANCELLING')
    and coalesce(placed.handed_over_at, seen.completed_at) is null as cancelled,
    seen.cancelled_at,
    base.base_version,
    base.stock_count as base_count
from wanted
inner join core.order_line as line
    on line.merchant_id = %(merchant_id)s and wanted.entry_id = line.entry_id
inner join core.customer_order as placed
    on line.merchant_id = placed.merchant_id and line.order_id = placed.order_id
inner join channel.order_store as order_store
    on placed.merchant_id = order_store.merchant_id and placed.order_id = order_store.order_id
left join lateral (
    select
        min(observation.seen_to) filter (where observation.status in ('CANCELLED', 'CANCELLING')) as cancelled_at,
        min(observation.seen_to) filter (where observation.status = 'COMPLETED') as completed_at
    from core.order_observation as observation
    where observation.merchant_id = placed.merchant_id and observation.order_id = placed.order_id
) as seen on true
left join lateral (
    select
        in_force.base_version,
        (
            select min(offer.stock_count)
            from channel.base_offer as offer
            where
                offer.merchant_id = in_force.merchant_id
                and offer.base_version = in_force.base_version
                and offer.sku = line.sku
                and offer.store_id = order_store.store_id
                and offer.available
        ) as stock_count
    from channel.base_list as in_force
    where in_force.merchant_id = placed.merchant_id and in_force.fetched_at <= placed.created_at
    order by in_force.base_version desc
    limit 1
) as base on true
where placed.created_at <= %(now)s;
