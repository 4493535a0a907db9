-- core.second_look: the drawn inspections, each once.
insert into core.second_look (inspection_id, unit_id, merchant_id, warehouse, drawn_at, first_actor)
select
    inspection.event_id,
    inspection.unit_id,
    inspection.merchant_id,
    source.warehouse,
    %(now)s,
    inspection.actor
from ledger.unit_event as inspection
inner join ledger.unit on inspection.unit_id = unit.unit_id
inner join core.warehouse_source as source on unit.source = source.source
where inspection.event_id = any(%(inspection_ids)s::uuid[])
on conflict (inspection_id) do nothing;
