-- The last thing that counts of a unit's life, and the desk's last booked event of the unit, which may have been it.
select
    standing.event_id as ledger_event_id,
    standing.type as ledger_type,
    told.event_id,
    told.type,
    told.actor,
    told.recorded_at
from (
    select
        event_id,
        unit_id,
        type
    from ledger.effective_event
    where unit_id = %(unit_id)s
    order by seq desc
    limit 1
) as standing
cross join lateral (
    select
        event.event_id,
        event.type,
        event.actor,
        event.recorded_at
    from core.warehouse_event as event
    where
        event.unit_id = standing.unit_id
        and event.source = %(source)s
        and event.outcome = 'booked'
        and event.type <> 'voided'
    order by event."position" desc
    limit 1
) as told;
