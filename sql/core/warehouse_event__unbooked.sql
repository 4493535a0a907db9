-- The order of the facts; the order of arrival where two happened at once.
select
    event.source,
    event.event_id,
    event.type,
    event.occurred_at,
    event.actor,
    event.store_id,
    event.payload,
    event.recorded_at,
    source.kind,
    source.warehouse,
    source.system_of_record,
    exists(
        select 1
        from core.warehouse_source as desk
        where desk.warehouse = source.warehouse and desk.kind = 'desk'
    ) as has_desk
from core.warehouse_event as event
inner join core.warehouse_source as source on event.source = source.source
where event.merchant_id = %(merchant_id)s and event.booked_at is null
order by event.occurred_at, event."position";
