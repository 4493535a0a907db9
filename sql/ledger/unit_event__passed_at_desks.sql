-- How many checks at desks were passed since a moment.
select count(*)::integer as passed
from ledger.unit_event as event
inner join core.warehouse_source as source on event.source = 'wms/' || source.source and source.kind = 'desk'
where
    event.merchant_id = %(merchant_id)s
    and event.recorded_at >= %(since)s
    and event.type = 'qc_passed';
