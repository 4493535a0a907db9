-- What may still come of these orders, and what is expected of these goods: open ones first, then oldest first.
with of_orders as (
    select unit.*
    from unnest(%(order_merchants)s::text[], %(order_ids)s::text[]) as asked (merchant_id, order_id)
    inner join ledger.unit on asked.merchant_id = unit.merchant_id and asked.order_id = unit.order_id
    where unit.state in ('requested', 'in_transit', 'at_pickup_point', 'lost')
),

goods as (
    select
        unnest(%(goods_merchants)s::text[]) as merchant_id,
        unnest(%(skus)s::text[]) as sku
),

of_goods as (
    select open_one.*
    from goods
    cross join lateral (
        select unit.*
        from ledger.unit
        where
            unit.merchant_id = goods.merchant_id
            and unit.sku = goods.sku
            and unit.state in ('requested', 'in_transit', 'at_pickup_point')
        order by unit.requested_at
        limit %(most)s
    ) as open_one
),

piece as (
    select * from of_orders
    union
    select * from of_goods
)

select
    piece.unit_id,
    piece.merchant_id,
    piece.order_id,
    placed.code as order_code,
    piece.entry_id,
    line.entry_number as line,
    piece.piece,
    piece.sku,
    coalesce(product.name, line.product_name) as product_name,
    coalesce(product.category, line.category, 'unknown') as category,
    line.base_price as price,
    piece.state,
    piece.requested_at,
    coalesce(piece.stated_reason, return_case.stated_reason, 'unknown') as stated_reason,
    return_case.stated_reason_raw,
    return_case.application_number as application,
    return_case.return_kind
from piece
left join core.customer_order as placed on piece.merchant_id = placed.merchant_id and piece.order_id = placed.order_id
left join core.order_line as line on piece.merchant_id = line.merchant_id and piece.entry_id = line.entry_id
left join core.product on piece.merchant_id = product.merchant_id and piece.sku = product.sku
left join core.return_case on piece.case_id = return_case.case_id
order by piece.state = 'lost', piece.requested_at, piece.unit_id;
