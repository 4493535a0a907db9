select count(distinct order_id) as orders
from raw.stage_order
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s;
