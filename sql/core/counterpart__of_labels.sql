-- core.counterpart: a label that a unit of the same warehouse bears means that unit.
insert into core.counterpart (source, unit_label, unit_id, merchant_id, found_by, found_at)
select distinct
    event.source,
    unit.unit_label,
    unit.unit_id,
    unit.merchant_id,
    'label',
    %(now)s::timestamptz
from core.warehouse_event as event
inner join core.warehouse_source as telling on event.source = telling.source
inner join core.warehouse_source as receiving on telling.warehouse = receiving.warehouse
inner join ledger.unit
    on
        receiving.source = unit.source
        and unit.unit_label = event.payload ->> 'unit_label'
        and event.merchant_id = unit.merchant_id
where
    event.merchant_id = %(merchant_id)s
    and event.outcome = 'compared'
    and event.unit_id is null
    and event.recorded_at > %(since)s
on conflict do nothing;
