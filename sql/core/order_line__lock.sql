-- The next free piece of a line is given under the line's lock.
select entry_id
from core.order_line
where merchant_id = %(merchant_id)s and order_id = any(%(order_ids)s)
order by entry_id
for update;
