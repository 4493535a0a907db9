-- What the scans can mean of what may still come: the pieces of their orders, lost and cancelled ones too (these come
-- after all now and then; a cancelled one is a piece that its application does not ask for any more), and for scans
-- that name no order the open pieces of their goods. Of these so many a product that the batch cannot use them up: one
-- more than one is enough to know that a bare EAN names none. What is open first, then oldest first.
with of_orders as (
    select unit.*
    from ledger.unit
    where
        unit.merchant_id = %(merchant_id)s
        and unit.order_id = any(%(order_ids)s::text[])
        and unit.state in ('requested', 'in_transit', 'at_pickup_point', 'lost', 'cancelled')
),

goods as (
    select unnest(%(skus)s::text[]) as sku
),

of_goods as (
    select open_one.*
    from goods
    cross join lateral (
        select unit.*
        from ledger.unit
        where
            unit.merchant_id = %(merchant_id)s
            and unit.sku = goods.sku
            and unit.state in ('requested', 'in_transit', 'at_pickup_point')
        order by unit.requested_at
        limit %(scans)s + 2
    ) as open_one
),

piece as (
    select * from of_orders
    union
    select * from of_goods
)

select
    piece.unit_id,
    piece.order_id,
    piece.entry_id,
    piece.sku,
    piece.case_id,
    piece.state not in ('lost', 'cancelled') as open,
    case when piece.state <> 'cancelled' then return_case.application_number end as application
from piece
left join core.return_case on piece.case_id = return_case.case_id
order by piece.state in ('lost', 'cancelled'), piece.requested_at, piece.unit_id;
