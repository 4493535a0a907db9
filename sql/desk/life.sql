-- The whole life of a unit, with which events were taken back.
select
    event.seq,
    event.event_id,
    event.type,
    event.state_from,
    event.state_to,
    event.occurred_at,
    event.recorded_at,
    event.actor,
    event.source,
    event.payload,
    exists(
        select 1
        from ledger.unit_event as correction
        where
            correction.unit_id = event.unit_id
            and correction.type = 'voided'
            and correction.payload ->> 'event_id' = event.event_id::text
    ) as voided
from ledger.unit_event as event
where event.unit_id = %(unit_id)s
order by event.seq;
