-- Different orders that each window of a span showed, and whether a record without a readable id was among them; NULL:
-- that all of them showed together.
select
    fetch_seen.window_id,
    count(distinct shown.order_id)::integer as orders,
    coalesce(bool_or(starts_with(shown.order_id, 'unnamed ')), false) as nameless
from ops.fetch_seen
cross join lateral unnest(fetch_seen.order_ids) as shown (order_id)
where fetch_seen.window_id = any(%(window_ids)s)
group by grouping sets ((fetch_seen.window_id), ());
