-- Nobody sends back what was not ordered yet: a wrong year or a day and month changed round. An hour is left for the
-- night that had one twice. The order may come in the very batch.
select
    batch_application.merchant_id,
    batch_application.row_key as record_key,
    'application made '
    || batch_application.created_at
    || ', its order ' || max(coalesce(placed.created_at, batch_order.created_at)) as detail
from raw.batch_application
left join core.customer_order as placed
    on
        batch_application.merchant_id = placed.merchant_id
        and batch_application.order_code = placed.code
left join raw.batch_order
    on
        batch_application.merchant_id = batch_order.merchant_id
        and batch_application.order_code = batch_order.code
group by batch_application.merchant_id, batch_application.row_key, batch_application.created_at
having
    batch_application.created_at
    < max(coalesce(placed.created_at, batch_order.created_at)) - interval '1 hour'
