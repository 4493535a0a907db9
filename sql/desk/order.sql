-- Orders with their lines, how many pieces of each are units, and the units that are here. Nothing of the buyer.
select
    placed.order_id,
    placed.merchant_id,
    placed.code,
    placed.status,
    placed.created_at,
    placed.handed_over_at,
    placed.store_id,
    placed.carrier,
    (
        select
            jsonb_agg(
                jsonb_build_object(
                    'entry_id', line.entry_id,
                    'line', line.entry_number,
                    'sku', line.sku,
                    'product_name', coalesce(product.name, line.product_name),
                    'category', coalesce(product.category, line.category, 'unknown'),
                    'eans', coalesce(to_jsonb(product.eans), '[]'),
                    'price', line.base_price,
                    'sold', line.quantity,
                    'units', (
                        select count(*)
                        from ledger.unit
                        where
                            unit.merchant_id = line.merchant_id
                            and unit.entry_id = line.entry_id
                            and unit.state <> 'cancelled'
                    )
                )
                order by line.entry_number
            )
        from core.order_line as line
        left join core.product on line.merchant_id = product.merchant_id and line.sku = product.sku
        where line.merchant_id = placed.merchant_id and line.order_id = placed.order_id
    ) as lines,
    (
        select coalesce(array_agg(unit.unit_id order by unit.received_at), '{}')
        from ledger.unit
        where
            unit.merchant_id = placed.merchant_id
            and unit.order_id = placed.order_id
            and unit.received_at is not null
            and unit.closed_at is null
    ) as here
from unnest(%(merchant_ids)s::text[], %(order_ids)s::text[]) as asked (merchant_id, order_id)
inner join core.customer_order as placed
    on asked.merchant_id = placed.merchant_id and asked.order_id = placed.order_id;
