-- An order without lines cannot say what was sold.
select
    batch_order.merchant_id,
    batch_order.order_id as record_key,
    'the order ' || batch_order.code || ' has no lines' as detail
from raw.batch_order
where not exists (
    select 1
    from raw.batch_order_line
    where
        batch_order_line.merchant_id = batch_order.merchant_id
        and batch_order_line.order_id = batch_order.order_id
)
