-- Units that wait in a state since a span of days, the longest first, from behind the one shown last.
with place_of_waiting as (
    select
        merchant.merchant_id,
        chosen.state
    from core.merchant
    cross join unnest(%(states)s::text[]) as chosen (state)
    where merchant.merchant_id = any(%(merchants)s)
),

found as (
    select one.*
    from place_of_waiting as chosen
    cross join
        lateral (
            select
                waiting.*,
                waiting.since as at
            from mart.unit_place as waiting
            where
                waiting.merchant_id = chosen.merchant_id
                and waiting.state = chosen.state
                and waiting.closed_at is null
                and waiting.since >= %(begins)s
                and waiting.since < %(ends)s
                and (waiting.since, waiting.unit_id) > (%(after)s::timestamptz, %(after_unit)s::uuid)
                and (waiting.zone = %(zone)s or %(zone)s::text is null)
                and (waiting.category = %(category)s or %(category)s::text is null)
                and (waiting.supplier = %(supplier)s or %(supplier)s::text is null)
            order by waiting.since, waiting.unit_id
            limit %(shown)s
        ) as one
    order by one.at, one.unit_id
    limit %(shown)s
)

select
    place.unit_id,
    place.merchant_id,
    place.at,
    unit.unit_label,
    unit.sku,
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
    place.storage,
    place.channel_fee,
    place.write_off,
    place.compensation
from found as place
inner join ledger.unit on place.unit_id = unit.unit_id
left join core.customer_order as placed
    on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
left join core.order_line as line on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
left join core.product on unit.merchant_id = product.merchant_id and unit.sku = product.sku
order by place.at, place.unit_id
limit %(shown)s;
