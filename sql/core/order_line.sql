-- core.order_line: the lines of the orders of the batch that were written.
insert into core.order_line as known (
    merchant_id, order_id, entry_id, entry_number, sku, product_name, category, quantity, base_price,
    total_price, weight_g
)
select distinct on (staged.entry_id)
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
inner join core.customer_order
    on staged.merchant_id = customer_order.merchant_id and staged.order_id = customer_order.order_id
where
    staged.dag_id = %(dag_id)s
    and staged.run_id = %(run_id)s
    and staged.merchant_id = %(merchant_id)s
order by staged.entry_id
on conflict (merchant_id, entry_id) do update
    set
        sku = coalesce(excluded.sku, known.sku),
        product_name = coalesce(excluded.product_name, known.product_name),
        category = coalesce(excluded.category, known.category),
        quantity = excluded.quantity,
        base_price = excluded.base_price,
        total_price = excluded.total_price,
        weight_g = excluded.weight_g
    where
    (known.sku, known.quantity, known.base_price, known.total_price, known.weight_g)
    is distinct from (
        coalesce(excluded.sku, known.sku),
        excluded.quantity,
        excluded.base_price,
        excluded.total_price,
        excluded.weight_g
    );
