-- Every booked event that must cost something has its cost, be it an unknown one; a voided one has it taken back.
select
    event.merchant_id,
    event.event_id as record_key,
    event.type || ' of unit ' || event.unit_id || ' has no cost of ' || step.term as detail
from ledger.unit_event as event
inner join core.cost_step as step on event.type = step.type
where
    not exists (
        select 1
        from core.unit_cost as cost
        where cost.event_id = event.event_id and cost.term = step.term
    )
    and not exists (
        select 1
        from ledger.unit_event as correction
        where
            correction.unit_id = event.unit_id
            and correction.type = 'voided'
            and correction.payload ->> 'event_id' = event.event_id::text
    )
union all
select
    cost.merchant_id,
    cost.event_id as record_key,
    correction.type || ' event of unit ' || cost.unit_id || ' still costs ' || cost.term as detail
from ledger.unit_event as correction
inner join core.unit_cost as cost
    on cost.event_id = (correction.payload ->> 'event_id')::uuid
where
    correction.type = 'voided'
    and cost.kind <> 'taken_back'
    and not exists (
        select 1
        from core.unit_cost as back
        where
            back.event_id = cost.event_id
            and back.term = cost.term
            and back.code = cost.code
            and back.kind = 'taken_back'
    )
union all
select
    cost.merchant_id,
    cost.event_id as record_key,
    'a cost of ' || cost.term || ' of an event that is not in the ledger' as detail
from core.unit_cost as cost
where
    not exists (
        select 1
        from ledger.unit_event as event
        where event.event_id = cost.event_id and event.unit_id = cost.unit_id
    )
