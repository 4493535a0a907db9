-- Orders that we know, created in the span, that none of its pages showed.
with shown as materialized (
    select distinct unnest(fetch_seen.order_ids) as order_id
    from ops.fetch_seen
    where fetch_seen.window_id = any(%(window_ids)s)
),

-- the span first: the few that are asked for are not to be looked for in the order of all the merchant's numbers
known as materialized (
    select
        order_id,
        code
    from core.customer_order
    where
        merchant_id = %(merchant_id)s
        and created_at between %(created_from)s and %(created_to)s
)

select
    known.order_id,
    known.code
from known
left join shown on known.order_id = shown.order_id
where shown.order_id is null
order by known.code
limit %(most)s;
