-- The hashes of what we have of these orders: as it landed, as it is published, as it was put aside.
select
    asked.order_id,
    landed.payload_hash as landed,
    placed.payload_hash as published,
    refused.payload_hash as refused
from unnest(%(order_ids)s::text[]) as asked (order_id)
left join raw.order_payload as landed
    on landed.merchant_id = %(merchant_id)s and asked.order_id = landed.order_id
left join core.customer_order as placed
    on placed.merchant_id = %(merchant_id)s and asked.order_id = placed.order_id
left join raw.refused_order as refused
    on refused.merchant_id = %(merchant_id)s and asked.order_id = refused.order_id
where coalesce(landed.order_id, placed.order_id, refused.order_id) is not null;
