-- The payloads that need not be staged again: the published one, and one that was put aside unchanged.
select
    order_id,
    payload_hash
from core.customer_order
where merchant_id = %(merchant_id)s and order_id = any(%(order_ids)s)
union all
select
    order_id,
    payload_hash
from raw.refused_order
where merchant_id = %(merchant_id)s and order_id = any(%(order_ids)s);
