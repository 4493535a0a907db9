select distinct order_id
from core.order_observation
where merchant_id = %(merchant_id)s and order_id = any(%(order_ids)s) and status = 'COMPLETED';
