-- core.warehouse_event: what became of the staged ones.
update core.warehouse_event
set
    booked_at = coalesce(warehouse_event.booked_at, %(now)s),
    outcome = done.outcome,
    unit_id = done.unit_id
from stage_booked as done
where warehouse_event.source = done.source and warehouse_event.event_id = done.event_id;
