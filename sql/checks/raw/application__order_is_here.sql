-- An application of an order that no sweep has seen waits; it is worth a look when it waits long.
select
    batch_application.merchant_id,
    batch_application.application_number as record_key,
    'order ' || batch_application.order_code || ' is not here yet' as detail
from raw.batch_application
left join core.customer_order as placed
    on
        batch_application.merchant_id = placed.merchant_id
        and batch_application.order_code = placed.code
left join raw.batch_order
    on
        batch_application.merchant_id = batch_order.merchant_id
        and batch_application.order_code = batch_order.code
where placed.order_id is null and batch_order.order_id is null
group by batch_application.merchant_id, batch_application.application_number, batch_application.order_code
