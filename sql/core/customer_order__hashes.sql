select
    order_id,
    payload_hash
from core.customer_order
where merchant_id = %(merchant_id)s and order_id = any(%(order_ids)s);
