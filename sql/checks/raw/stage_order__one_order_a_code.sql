-- A code names one order; two ids under one code would merge two lives.
with other as (
    select
        merchant_id,
        order_id,
        code
    from core.customer_order
    union
    select
        merchant_id,
        order_id,
        code
    from raw.batch_order
)

select
    batch_order.merchant_id,
    batch_order.order_id as record_key,
    'code ' || batch_order.code || ' is also the code of order ' || min(other.order_id) as detail
from raw.batch_order
inner join other
    on
        batch_order.merchant_id = other.merchant_id
        and batch_order.code = other.code
        and batch_order.order_id <> other.order_id
group by batch_order.merchant_id, batch_order.order_id, batch_order.code
