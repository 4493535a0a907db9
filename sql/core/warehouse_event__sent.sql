-- core.warehouse_event: what the desk sent of a merchant, judged where it was entered; returned as it is to be booked.
-- One that is here already is no new one.
with fresh as (
    insert into core.warehouse_event (
        source, event_id, merchant_id, type, occurred_at, actor, store_id, payload, recorded_at, "position"
    )
    select
        source,
        event_id,
        merchant_id,
        type,
        occurred_at,
        actor,
        store_id,
        payload,
        %(now)s,
        "position"
    from raw.wms_event
    where source = %(source)s and merchant_id = %(merchant_id)s and event_id = any(%(event_ids)s) and not quarantined
    on conflict (source, event_id) do nothing
    returning
        source, event_id, type, occurred_at, actor, store_id, payload, recorded_at, "position"
)

select
    fresh.source,
    fresh.event_id,
    fresh.type,
    fresh.occurred_at,
    fresh.actor,
    fresh.store_id,
    fresh.payload,
    fresh.recorded_at,
    source.kind,
    source.warehouse,
    source.system_of_record,
    exists(
        select 1
        from core.warehouse_source as desk
        where desk.warehouse = source.warehouse and desk.kind = 'desk'
    ) as has_desk
from fresh
inner join core.warehouse_source as source on fresh.source = source.source
order by fresh.occurred_at, fresh."position";
