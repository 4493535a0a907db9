-- raw.refused_order: the newest payload of an order that was put aside.
insert into raw.refused_order as known (merchant_id, order_id, payload_hash, refused_at)
select
    merchant_id,
    order_id,
    payload_hash,
    refused_at
from stage_refused_order
on conflict (merchant_id, order_id) do update
    set
        payload_hash = excluded.payload_hash,
        refused_at = excluded.refused_at
    where known.payload_hash <> excluded.payload_hash;
