-- core.warehouse_event: the merchant's judged events, to be booked.
insert into core.warehouse_event (
    source, event_id, merchant_id, type, occurred_at, actor, store_id, payload, recorded_at, "position"
)
select
    source,
    event_id,
    merchant_id,
    type,
    occurred_at,
    actor,
    store_id,
    payload,
    %(now)s,
    "position"
from raw.batch_wms_event
where merchant_id = %(merchant_id)s
on conflict (source, event_id) do nothing;
