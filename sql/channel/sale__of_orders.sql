-- The returned units that orders have sold, one row a unit: goods of such an order that come back are those pieces
-- once more. A unit that has come back already is left out.
with wanted as (
    select unnest(%(order_ids)s::text[]) as order_id
),

asked as materialized (
    select
        placed.merchant_id,
        placed.order_id,
        placed.code
    from wanted
    inner join lateral (
        select
            customer_order.merchant_id,
            customer_order.order_id,
            customer_order.code
        from core.customer_order
        where customer_order.merchant_id = %(merchant_id)s and customer_order.order_id = wanted.order_id
        -- by its key, however large the table is said to be: a first load runs before anybody has counted
        order by customer_order.order_id
        limit 1
    ) as placed on true
),

sold as (
    select
        sale.merchant_id,
        sale.order_id,
        sale.entry_id,
        sale.offer_sku as sku,
        sale.unit_id,
        sale.sold_at
    from channel.sale
    inner join asked on sale.merchant_id = asked.merchant_id and sale.order_id = asked.order_id
    where sale.state = 'sold'
    union all
    -- picked by the warehouse, and no sale row names it yet
    select
        asked.merchant_id,
        asked.order_id,
        line.entry_id,
        line.sku,
        unit.unit_id,
        unit.resold_at as sold_at
    from asked
    inner join ledger.unit
        on asked.merchant_id = unit.merchant_id and unit.sold_order_id in (asked.order_id, asked.code)
    left join lateral (
        select
            order_line.entry_id,
            order_line.sku
        from core.order_line
        where
            order_line.merchant_id = asked.merchant_id
            and order_line.order_id = asked.order_id
            and order_line.sku = unit.offer_sku
        order by order_line.entry_number
        limit 1
    ) as line on true
    where
        not exists (
            select 1
            from channel.sale as done
            where done.unit_id = unit.unit_id and done.state = 'sold'
        )
)

select
    sold.merchant_id,
    sold.order_id,
    sold.entry_id,
    sold.sku,
    sold.unit_id
from sold
where
    not exists (
        select 1
        from ledger.unit as again
        where again.previous_unit_id = sold.unit_id
    )
order by sold.order_id, sold.entry_id, sold.sold_at, sold.unit_id;
