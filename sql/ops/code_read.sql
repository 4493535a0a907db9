-- ops.code_read: in the transaction that stores what was read.
insert into ops.code_read (window_id, merchant_id, order_id, asked_at)
select
    %(window_id)s,
    %(merchant_id)s,
    answered.order_id,
    answered.asked_at
from unnest(%(order_ids)s::text[], %(asked)s::timestamptz[]) as answered (order_id, asked_at)
on conflict (window_id, order_id) do update
    set asked_at = excluded.asked_at;
