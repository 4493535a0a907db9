-- Receipts that the other system tells and that mean no unit yet.
select
    event.source,
    event.payload ->> 'unit_label' as unit_label,
    event.occurred_at,
    event.payload
from core.warehouse_event as event
where
    event.merchant_id = %(merchant_id)s
    and event.outcome = 'compared'
    and event.type = 'received'
    and event.unit_id is null
    and event.recorded_at > %(since)s
    and not exists (
        select 1
        from core.counterpart
        where counterpart.source = event.source and counterpart.unit_label = event.payload ->> 'unit_label'
    )
order by event.occurred_at, event.event_id;
