-- core.order_line: the lines of the batch that are not here yet; core/order_line__known has seen to the others.
insert into core.order_line (
    merchant_id, order_id, entry_id, entry_number, sku, product_name, category, quantity, base_price,
    total_price, weight_g
)
select
    staged.merchant_id,
    staged.order_id,
    staged.entry_id,
    staged.entry_number,
    staged.sku,
    staged.product_name,
    staged.category,
    ceil(staged.quantity)::integer,
    staged.base_price,
    staged.total_price,
    staged.weight_g
from raw.stage_order_line as staged
where
    staged.dag_id = %(dag_id)s
    and staged.run_id = %(run_id)s
    and staged.merchant_id = %(merchant_id)s
    and not exists (
        select 1
        from core.order_line as known
        where known.merchant_id = %(merchant_id)s and known.entry_id = staged.entry_id
    );
