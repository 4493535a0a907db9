-- A quarantined order takes its lines with it; unchanged, it is not staged again until it is replayed.
insert into raw.refused_order as known (merchant_id, order_id, payload_hash, refused_at)
select distinct on (stage_order.order_id)
    stage_order.merchant_id,
    stage_order.order_id,
    stage_order.payload_hash,
    stage_order.fetched_at
from raw.stage_order
inner join stage_drop
    on stage_order.merchant_id = stage_drop.merchant_id and stage_order.order_id = stage_drop.record_key
where stage_order.dag_id = %(dag_id)s and stage_order.run_id = %(run_id)s
order by stage_order.order_id asc, stage_order.fetched_at desc
on conflict (merchant_id, order_id) do update
    set
        payload_hash = excluded.payload_hash,
        refused_at = excluded.refused_at;

delete from raw.stage_order
using stage_drop
where
    stage_order.dag_id = %(dag_id)s
    and stage_order.run_id = %(run_id)s
    and stage_order.merchant_id = stage_drop.merchant_id
    and stage_order.order_id = stage_drop.record_key;

delete from raw.stage_order_line
using stage_drop
where
    stage_order_line.dag_id = %(dag_id)s
    and stage_order_line.run_id = %(run_id)s
    and stage_order_line.merchant_id = stage_drop.merchant_id
    and stage_order_line.order_id = stage_drop.record_key;
