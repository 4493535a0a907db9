-- core.order_line: the lines that orders of the batch had when they were published before.
-- A line that the newest payload does not have any more goes, unless a unit came of it.
delete from core.order_line
using raw.stage_order as staged
where
    staged.dag_id = %(dag_id)s
    and staged.run_id = %(run_id)s
    and staged.merchant_id = %(merchant_id)s
    and order_line.merchant_id = %(merchant_id)s
    and order_line.order_id = staged.order_id
    and not exists (
        select 1
        from raw.stage_order_line as line
        where
            line.dag_id = %(dag_id)s
            and line.run_id = %(run_id)s
            and line.merchant_id = %(merchant_id)s
            and line.entry_id = order_line.entry_id
            and line.order_id = order_line.order_id
    )
    -- asked by the line, however many pieces the merchant has
    and coalesce(
        (
            select false
            from ledger.unit
            where unit.merchant_id = %(merchant_id)s and unit.entry_id = order_line.entry_id
            order by unit.entry_id
            limit 1
        ),
        true
    );

update core.order_line as known
set
    sku = coalesce(staged.sku, known.sku),
    product_name = coalesce(staged.product_name, known.product_name),
    category = coalesce(staged.category, known.category),
    quantity = ceil(staged.quantity)::integer,
    base_price = staged.base_price,
    total_price = staged.total_price,
    weight_g = staged.weight_g
from raw.stage_order_line as staged
where
    staged.dag_id = %(dag_id)s
    and staged.run_id = %(run_id)s
    and staged.merchant_id = %(merchant_id)s
    and known.merchant_id = %(merchant_id)s
    and known.entry_id = staged.entry_id
    and (known.sku, known.quantity, known.base_price, known.total_price, known.weight_g)
    is distinct from (
        coalesce(staged.sku, known.sku), ceil(staged.quantity)::integer, staged.base_price, staged.total_price,
        staged.weight_g
    );
