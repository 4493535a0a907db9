select order_id
from locked_order
where order_id = any(%(order_ids)s);
