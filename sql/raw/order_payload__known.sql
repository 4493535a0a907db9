-- The hashes of what we have of these orders: as it landed, as it is published, as it was put aside. What is published
-- does not count where another version was read since then and waits for its publishing: an order that has gone back to
-- what it was is staged again, else the other version would be taken for the newest one.
select
    asked.order_id,
    landed.payload_hash as landed,
    case
        when
            not exists (
                select 1
                from raw.stage_order as waiting
                where
                    waiting.merchant_id = placed.merchant_id
                    and waiting.order_id = placed.order_id
                    and waiting.fetched_at >= placed.fetched_at
            )
            then placed.payload_hash
    end as published,
    refused.payload_hash as refused
from unnest(%(order_ids)s::text[]) as asked (order_id)
left join raw.order_payload as landed
    on landed.merchant_id = %(merchant_id)s and asked.order_id = landed.order_id
left join core.customer_order as placed
    on placed.merchant_id = %(merchant_id)s and asked.order_id = placed.order_id
left join raw.refused_order as refused
    on refused.merchant_id = %(merchant_id)s and asked.order_id = refused.order_id
where coalesce(landed.order_id, placed.order_id, refused.order_id) is not null;
