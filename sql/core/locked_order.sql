select order_id
from locked_order
order by order_id;
