-- Received units are the distinct accepted scans of the dock, no more and no less: every accepted scan is an event of
-- the ledger, every such event that counts is a scan that was accepted and a unit that bears it, every received unit
-- has one.
with accepted as (
    select
        warehouse_event.merchant_id,
        warehouse_event.source,
        coalesce(warehouse_event.payload ->> 'scan_id', warehouse_event.event_id) as scan_id
    from core.warehouse_event
    where warehouse_event.type = 'received' and warehouse_event.outcome = 'booked'
),

told as (
    select
        unit_event.merchant_id,
        unit_event.unit_id,
        unit_event.payload ->> 'source' as source,
        unit_event.payload ->> 'scan_id' as scan_id,
        exists(
            select 1
            from ledger.unit_event as correction
            where
                correction.unit_id = unit_event.unit_id
                and correction.type = 'voided'
                and correction.payload ->> 'event_id' = unit_event.event_id::text
        ) as taken_back
    from ledger.unit_event
    where unit_event.type in ('received', 'unexpected')
),

counted as (
    select
        merchant_id,
        source,
        scan_id,
        -- there is no min() of a uuid before PostgreSQL 18
        (array_agg(unit_id order by unit_id))[1] as unit_id,
        count(*) as times
    from told
    where not taken_back
    group by merchant_id, source, scan_id
),

standing as (
    select
        unit.merchant_id,
        unit.unit_id,
        unit.source,
        unit.scan_id
    from ledger.unit
    where unit.received_at is not null
)

select
    accepted.merchant_id,
    accepted.source || '/' || accepted.scan_id as record_key,
    'an accepted scan that the ledger knows nothing of' as detail
from accepted
where
    not exists (
        select 1
        from told
        where
            told.merchant_id = accepted.merchant_id
            and told.source = accepted.source
            and told.scan_id = accepted.scan_id
    )
union all
select
    counted.merchant_id,
    counted.source || '/' || counted.scan_id as record_key,
    'a receipt of the ledger that is no accepted scan' as detail
from counted
where
    not exists (
        select 1
        from accepted
        where
            accepted.merchant_id = counted.merchant_id
            and accepted.source = counted.source
            and accepted.scan_id = counted.scan_id
    )
union all
select
    counted.merchant_id,
    counted.source || '/' || counted.scan_id as record_key,
    'one scan received ' || counted.times || ' units, ' || counted.unit_id || ' among them' as detail
from counted
where counted.times > 1
union all
select
    coalesce(standing.merchant_id, counted.merchant_id) as merchant_id,
    coalesce(standing.unit_id, counted.unit_id)::text as record_key,
    case
        when counted.unit_id is null then 'a received unit without a scan that counts'
        else 'its scan ' || counted.scan_id || ' counts, and it is not received by it'
    end as detail
from standing
full join counted
    on
        standing.unit_id = counted.unit_id
        and standing.source = counted.source
        and standing.scan_id = counted.scan_id
where standing.unit_id is null or counted.unit_id is null
