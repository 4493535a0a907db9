-- core.order_line: the lines of the orders of the batch; an older payload never overwrites a newer one.
-- A line that the newest payload does not have any more goes, unless a unit came of it.
delete from core.order_line
using raw.stage_order as staged
left join raw.order_payload as stored
    on staged.merchant_id = stored.merchant_id and staged.order_id = stored.order_id
where
    staged.dag_id = %(dag_id)s
    and staged.run_id = %(run_id)s
    and staged.merchant_id = %(merchant_id)s
    and (stored.fetched_at is null or stored.fetched_at <= staged.fetched_at)
    and order_line.merchant_id = staged.merchant_id
    and order_line.order_id = staged.order_id
    and not exists (
        select 1
        from raw.stage_order_line as line
        where
            line.dag_id = staged.dag_id
            and line.run_id = staged.run_id
            and line.merchant_id = staged.merchant_id
            and line.entry_id = order_line.entry_id
    )
    and not exists (
        select 1
        from ledger.unit
        where unit.merchant_id = order_line.merchant_id and unit.entry_id = order_line.entry_id
    );

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
inner join lateral (
    select max(whole.fetched_at) as fetched_at
    from raw.stage_order as whole
    where
        whole.dag_id = staged.dag_id
        and whole.run_id = staged.run_id
        and whole.merchant_id = staged.merchant_id
        and whole.order_id = staged.order_id
) as came on true
left join raw.order_payload as stored
    on staged.merchant_id = stored.merchant_id and staged.order_id = stored.order_id
where
    staged.dag_id = %(dag_id)s
    and staged.run_id = %(run_id)s
    and staged.merchant_id = %(merchant_id)s
    and (stored.fetched_at is null or stored.fetched_at <= came.fetched_at)
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
