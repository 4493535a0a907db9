-- Orders that we know, created in the span, that none of its pages showed.
with shown as materialized (
    select distinct unnest(fetch_seen.order_ids) as order_id
    from ops.fetch_seen
    where fetch_seen.window_id = any(%(window_ids)s)
)

select
    placed.order_id,
    placed.code
from core.customer_order as placed
left join shown on placed.order_id = shown.order_id
where
    placed.merchant_id = %(merchant_id)s
    and placed.created_at between %(created_from)s and %(created_to)s
    and shown.order_id is null
order by placed.code
limit %(most)s;
