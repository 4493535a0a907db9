-- More pieces of an order at the dock than it had: worth a look, the surplus becomes unexpected goods.
with sold as (
    select
        customer_order.merchant_id,
        customer_order.code,
        sum(order_line.quantity) as pieces
    from core.customer_order
    inner join core.order_line using (merchant_id, order_id)
    group by customer_order.merchant_id, customer_order.code
)

select
    batch_wms_event.merchant_id,
    batch_wms_event.payload ->> 'order_code' as record_key,
    count(*) || ' pieces scanned, ' || sold.pieces || ' sold' as detail
from raw.batch_wms_event
inner join sold
    on
        batch_wms_event.merchant_id = sold.merchant_id
        and batch_wms_event.payload ->> 'order_code' = sold.code
where batch_wms_event.type = 'received'
group by batch_wms_event.merchant_id, batch_wms_event.payload ->> 'order_code', sold.pieces
having count(*) > sold.pieces
