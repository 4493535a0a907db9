-- core.warehouse_event: the merchant's judged events, to be booked; what came after the gate waits for the next run.
insert into core.warehouse_event (
    source, event_id, merchant_id, type, occurred_at, actor, store_id, payload, recorded_at, "position"
)
select
    event.source,
    event.event_id,
    event.merchant_id,
    event.type,
    event.occurred_at,
    event.actor,
    event.store_id,
    event.payload,
    %(now)s,
    event."position"
from raw.batch_wms_event as event
inner join ops.batch as part
    on
        part.dag_id = %(dag_id)s
        and part.run_id = %(run_id)s
        and event.merchant_id = part.merchant_id
where event.merchant_id = %(merchant_id)s and event."position" <= part.judged_to
on conflict (source, event_id) do nothing;
