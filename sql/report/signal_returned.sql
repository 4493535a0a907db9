-- The order lines of sql/report/signal_sold.sql that customers sent back, by what was wrong with them, as inspected up
-- to %(monday)s. Two pieces of one line with one cause are one event; the delay is in weeks from the order's week.
with found as (
    select
        unit.order_id,
        unit.entry_id,
        unit.cause,
        min(unit.inspected_at) as inspected_at
    from ledger.unit as unit
    inner join core.return_case as return_case on unit.case_id = return_case.case_id
    where
        unit.merchant_id = %(merchant_id)s
        and unit.entry_id is not null
        and unit.cause is not null
        and unit.cause <> 'unknown'
        and return_case.return_kind = 'customer_return'
        and unit.inspected_at < %(monday)s::timestamp at time zone 'Asia/Almaty'
    group by unit.order_id, unit.entry_id, unit.cause
),

dated as (
    select
        found.entry_id,
        found.cause,
        placed.order_id,
        placed.merchant_id,
        coalesce(placed.city, 'unknown') as city,
        coalesce(placed.carrier, 'unknown') as carrier,
        date_trunc('week', placed.created_at at time zone 'Asia/Almaty')::date as cohort_week,
        date_trunc('week', found.inspected_at at time zone 'Asia/Almaty')::date as known_week
    from found
    inner join core.customer_order as placed
        on placed.merchant_id = %(merchant_id)s and found.order_id = placed.order_id
    where
        placed.created_at >= (%(monday)s::date - 7 * %(weeks)s)::timestamp at time zone 'Asia/Almaty'
        and placed.created_at < %(monday)s::timestamp at time zone 'Asia/Almaty'
)

select
    dated.merchant_id,
    coalesce(product.category, 'unknown') as category,
    coalesce(product.supplier, 'unknown') as supplier,
    coalesce(product.batch, 'unknown') as batch,
    coalesce(resale.sku, line.sku, 'unknown') as sku,
    dated.city,
    dated.carrier,
    dated.cause,
    ((%(monday)s::date - dated.cohort_week) / 7)::integer as age,
    greatest(0, (dated.known_week - dated.cohort_week) / 7)::integer as delay,
    count(*)::integer as lines
from dated
inner join core.order_line as line
    on dated.merchant_id = line.merchant_id and dated.entry_id = line.entry_id
left join channel.resale_sku as resale
    on line.merchant_id = resale.merchant_id and line.sku = resale.offer_sku
left join core.product as product
    on line.merchant_id = product.merchant_id and product.sku = coalesce(resale.sku, line.sku)
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;
