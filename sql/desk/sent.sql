-- Events that this source sent before, and what became of them.
select
    event.event_id,
    event.merchant_id,
    event.type,
    event.outcome,
    event.unit_id
from core.warehouse_event as event
where event.source = %(source)s and event.event_id = any(%(event_ids)s);
