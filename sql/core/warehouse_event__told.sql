select
    event.source,
    event.event_id,
    event.type,
    event.outcome,
    event.unit_id,
    event.actor,
    event.merchant_id,
    event.recorded_at
from unnest(%(sources)s::text[], %(event_ids)s::text[]) as wanted (source, event_id)
inner join core.warehouse_event as event on wanted.source = event.source and wanted.event_id = event.event_id;
