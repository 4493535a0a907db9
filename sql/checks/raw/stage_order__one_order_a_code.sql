-- A code names one order; two ids under one code would merge two lives.
select
    batch_order.merchant_id,
    batch_order.order_id as record_key,
    'code ' || batch_order.code || ' is also the code of order ' || min(other.order_id) as detail
from raw.batch_order
inner join lateral (
    select placed.order_id
    from core.customer_order as placed
    where
        placed.merchant_id = batch_order.merchant_id
        and placed.code = batch_order.code
        and placed.order_id <> batch_order.order_id
) as other on true
group by batch_order.merchant_id, batch_order.order_id, batch_order.code
union all
select
    merchant_id,
    min(order_id) as record_key,
    'code ' || code || ' is the code of ' || count(distinct order_id) || ' orders' as detail
from raw.batch_order
group by merchant_id, code
having min(order_id) <> max(order_id)
