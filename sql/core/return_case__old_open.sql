-- Whose reading is the longest ago comes first: what a run's budget cuts off is the first of the next.
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
order by
    (
        select max(code_read.asked_at)
        from ops.code_read
        where code_read.merchant_id = %(merchant_id)s and code_read.order_id = customer_order.order_id
    ) asc nulls first,
    customer_order.code asc;
