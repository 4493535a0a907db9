-- The hashes of what we have of these orders: as it landed, as it is published, as it was put aside, as this run staged
-- it last: windows overlap, and what a second one shows just as the first did is no news. What is published
-- does not count where another version was read since then and waits for its publishing: an order that has gone back to
-- what it was is staged again, else the other version would be taken for the newest one.
-- What is staged or published has landed before, so of an order that never did there is nothing more to look up.
-- Each is one look into an index, so that one plan fits empty and large tables.
with landed as materialized (
    select
        asked.order_id,
        (
            select there.payload_hash
            from raw.order_payload as there
            where there.merchant_id = %(merchant_id)s and there.order_id = asked.order_id
        ) as landed
    from json_array_elements_text(%(order_ids)s::json) as asked (order_id)
),

known as materialized (
    select
        landed.order_id,
        landed.landed,
        case
            when landed.landed is not null
                then (
                    select placed.payload_hash
                    from core.customer_order as placed
                    where
                        placed.merchant_id = %(merchant_id)s
                        and placed.order_id = landed.order_id
                        and not exists (
                            select 1
                            from raw.stage_order as waiting
                            where
                                waiting.merchant_id = %(merchant_id)s
                                and waiting.order_id = landed.order_id
                                and waiting.fetched_at >= placed.fetched_at
                        )
                )
        end as published,
        (
            select refused.payload_hash
            from raw.refused_order as refused
            where refused.merchant_id = %(merchant_id)s and refused.order_id = landed.order_id
        ) as refused,
        case
            when landed.landed is not null
                then (
                    -- the run is no condition: with it, a table not counted yet would be looked up by batches
                    select
                        case
                            when staged.dag_id = %(dag_id)s and staged.run_id = %(run_id)s then staged.payload_hash
                        end
                    from raw.stage_order as staged
                    where staged.merchant_id = %(merchant_id)s and staged.order_id = landed.order_id
                    order by staged.read_number desc
                    limit 1
                )
        end as staged
    from landed
)

select
    order_id,
    landed,
    published,
    refused,
    staged
from known
where num_nonnulls(landed, published, refused, staged) > 0;
