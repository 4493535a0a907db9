-- Orders that we know, created in the span, that none of its pages showed.
select
    placed.order_id,
    placed.code
from core.customer_order as placed
where
    placed.merchant_id = %(merchant_id)s
    and placed.created_at between %(created_from)s and %(created_to)s
    and not exists (
        select 1
        from ops.fetch_seen
        cross join lateral unnest(fetch_seen.order_ids) as shown (order_id)
        where fetch_seen.window_id = any(%(window_ids)s) and shown.order_id = placed.order_id
    )
order by placed.code
limit %(most)s;
