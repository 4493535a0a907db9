-- Orders by their numbers, with what is kept of their buyers; locked, since it is opened and sealed anew.
select
    placed.order_id,
    placed.code,
    contact.sealed,
    contact.taken_at
from core.customer_order as placed
left join core.contact on placed.merchant_id = contact.merchant_id and placed.order_id = contact.order_id
where placed.merchant_id = %(merchant_id)s and placed.code = any(%(codes)s)
order by placed.order_id
for update of placed;
