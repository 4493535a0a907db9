-- More pieces of an order at the dock than it had: worth a look, the surplus becomes unexpected goods. Only the
-- batch's orders are looked up.
with scanned as (
    select
        merchant_id,
        payload ->> 'order_code' as order_code,
        count(*) as pieces
    from raw.batch_wms_event
    where type = 'received'
    group by merchant_id, payload ->> 'order_code'
)

select
    scanned.merchant_id,
    scanned.order_code as record_key,
    scanned.pieces || ' pieces scanned, ' || sold.pieces || ' sold' as detail
from scanned
inner join lateral (
    select sum(order_line.quantity) as pieces
    from core.customer_order
    inner join core.order_line using (merchant_id, order_id)
    where customer_order.merchant_id = scanned.merchant_id and customer_order.code = scanned.order_code
) as sold on scanned.pieces > sold.pieces
