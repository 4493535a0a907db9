-- The hashes of what we have of these orders: as it landed, as it is published, as it was put aside. Each is one look
-- into a primary key, so that one plan fits empty and large tables.
select
    asked.order_id,
    (
        select landed.payload_hash
        from raw.order_payload as landed
        where landed.merchant_id = %(merchant_id)s and landed.order_id = asked.order_id
    ) as landed,
    (
        select placed.payload_hash
        from core.customer_order as placed
        where placed.merchant_id = %(merchant_id)s and placed.order_id = asked.order_id
    ) as published,
    (
        select refused.payload_hash
        from raw.refused_order as refused
        where refused.merchant_id = %(merchant_id)s and refused.order_id = asked.order_id
    ) as refused
from unnest(%(order_ids)s::text[]) as asked (order_id);
