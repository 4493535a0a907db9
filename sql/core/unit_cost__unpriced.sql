-- Events whose cost is not booked, or booked as unknown and never since; a voided event costs nothing.
select event.event_id
from ledger.unit_event as event
where
    event.merchant_id = %(merchant_id)s
    and (
        event.type in (select step.type from core.cost_step as step)
        or (event.type in ('in_repair', 'unrecoverable') and event.payload ?| array['minutes', 'materials'])
    )
    and (
        exists (
            select 1
            from core.unit_cost as unknown
            where
                unknown.event_id = event.event_id
                and unknown.kind = 'unknown'
                and not exists (
                    select 1
                    from core.unit_cost as known
                    where
                        known.event_id = unknown.event_id
                        and known.term = unknown.term
                        and known.code = unknown.code
                        and known.kind <> 'unknown'
                )
        )
        or not exists (
            select 1
            from core.unit_cost as booked
            where booked.event_id = event.event_id
        )
    )
    and not exists (
        select 1
        from ledger.unit_event as correction
        where
            correction.unit_id = event.unit_id
            and correction.type = 'voided'
            and correction.payload ->> 'event_id' = event.event_id::text
    )
order by event.event_id;
