-- The hashes of what we have of these orders: as it landed, as it is published, as it was put aside. What is published
-- does not count where another version was read since then and waits for its publishing: an order that has gone back to
-- what it was is staged again, else the other version would be taken for the newest one.
-- Each is one look into an index, so that one plan fits empty and large tables.
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
        where
            placed.merchant_id = %(merchant_id)s
            and placed.order_id = asked.order_id
            and not exists (
                select 1
                from raw.stage_order as waiting
                where
                    waiting.merchant_id = %(merchant_id)s
                    and waiting.order_id = asked.order_id
                    and waiting.fetched_at >= placed.fetched_at
            )
    ) as published,
    (
        select refused.payload_hash
        from raw.refused_order as refused
        where refused.merchant_id = %(merchant_id)s and refused.order_id = asked.order_id
    ) as refused
from unnest(%(order_ids)s::text[]) as asked (order_id);
