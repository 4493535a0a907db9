-- The hashes of what we have of these orders: as it landed, as it is published, as it was put aside, as this run staged
-- it last: windows overlap, and what a second one shows just as the first did is no news. What is published
-- does not count where another version was read since then and waits for its publishing: an order that has gone back to
-- what it was is staged again, else the other version would be taken for the newest one.
-- Each is one look into an index, so that one plan fits empty and large tables.
with known as materialized (
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
        ) as refused,
        (
            -- the run is no condition: with it, a table not counted yet would be looked up by batches and not by orders
            select case when staged.dag_id = %(dag_id)s and staged.run_id = %(run_id)s then staged.payload_hash end
            from raw.stage_order as staged
            where staged.merchant_id = %(merchant_id)s and staged.order_id = asked.order_id
            order by staged.read_number desc
            limit 1
        ) as staged
    from unnest(%(order_ids)s::text[]) as asked (order_id)
)

select
    order_id,
    landed,
    published,
    refused,
    staged
from known
where num_nonnulls(landed, published, refused, staged) > 0;
