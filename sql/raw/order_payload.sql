-- raw.order_payload: as core.customer_order; the payload is written only when its content changed.
insert into raw.order_payload as known (merchant_id, order_id, payload, payload_hash, first_run, fetched_at)
select distinct on (staged.order_id)
    staged.merchant_id,
    staged.order_id,
    staged.payload,
    staged.payload_hash,
    staged.run_id,
    staged.fetched_at
from raw.stage_order as staged
where
    staged.dag_id = %(dag_id)s
    and staged.run_id = %(run_id)s
    and staged.merchant_id = %(merchant_id)s
order by staged.order_id asc, staged.fetched_at desc, staged.window_id desc
on conflict (merchant_id, order_id) do update
    set
        payload = excluded.payload,
        payload_hash = excluded.payload_hash,
        first_run = excluded.first_run,
        fetched_at = excluded.fetched_at
    where known.payload_hash is distinct from excluded.payload_hash and known.fetched_at <= excluded.fetched_at;
