select
    customer_order.order_id,
    customer_order.code
from core.return_case
inner join core.customer_order using (merchant_id, order_id)
where
    return_case.merchant_id = %(merchant_id)s
    and return_case.closed_at is null
    and customer_order.created_at < %(now)s::timestamptz - interval '60 days'
    and customer_order.created_at >= %(now)s::timestamptz - interval '90 days'
order by customer_order.code;
