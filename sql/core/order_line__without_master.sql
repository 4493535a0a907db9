-- Lines whose master code has to be asked of Kaspi's product directory: an application names its goods by master code
-- only, its order has several lines, and nothing else tells which of them it means.
with told as (
    select distinct
        written.application_number,
        written.master_code,
        written.sku,
        placed.order_id
    from raw.application as written
    inner join core.customer_order as placed
        on written.merchant_id = placed.merchant_id and written.order_code = placed.code
    left join core.application as stands
        on
            written.merchant_id = stands.merchant_id
            and written.application_number = stands.application_number
    where
        written.merchant_id = %(merchant_id)s
        and written.master_code is not null
        and not written.quarantined
        and stands.entry_id is null
),

line as (
    select
        order_line.order_id,
        order_line.entry_id,
        order_line.sku,
        order_line.master_code as answered,
        coalesce(product.master_code, order_line.master_code) as master_code,
        count(*) over (partition by order_line.order_id) as lines
    from core.order_line
    left join core.product
        on order_line.merchant_id = product.merchant_id and order_line.sku = product.sku
    where
        order_line.merchant_id = %(merchant_id)s
        and order_line.order_id in (
            select told.order_id
            from told
        )
),

settled as (
    select
        told.application_number,
        told.order_id
    from told
    inner join line on told.order_id = line.order_id
    where told.sku = line.sku or told.master_code = line.master_code
)

select distinct line.entry_id
from told
inner join line on told.order_id = line.order_id
left join settled
    on told.application_number = settled.application_number and told.order_id = settled.order_id
where
    settled.order_id is null
    and line.lines > 1
    and line.answered is null
    and line.master_code is null
order by line.entry_id;
