-- The inspections among these events, of units that lie in a warehouse with a desk.
select
    inspection.event_id as inspection_id,
    inspection.unit_id
from ledger.unit_event as inspection
inner join ledger.unit on inspection.unit_id = unit.unit_id
inner join core.warehouse_source as source on unit.source = source.source
inner join core.warehouse_source as desk on source.warehouse = desk.warehouse and desk.kind = 'desk'
where inspection.event_id = any(%(event_ids)s::uuid[]) and inspection.type = 'inspected';
