-- raw.wms_event: delivered at least once, stored once, in the order of arrival.
insert into raw.wms_event (source, event_id, merchant_id, type, occurred_at, actor, store_id, payload, received_at)
select
    source,
    event_id,
    merchant_id,
    type,
    occurred_at,
    actor,
    store_id,
    payload,
    received_at
from stage_wms_event
order by arrival
on conflict (source, event_id) do nothing;
