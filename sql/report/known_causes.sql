-- Units inspected in a week by cause, and the weekly average of the four weeks before, as it was known at a moment.
-- merchant_id NULL is the whole house.
with looked as (
    select distinct event.unit_id
    from ledger.unit_event as event
    where
        (event.merchant_id = %(merchant_id)s or %(merchant_id)s is null)
        and event.type = 'inspected'
        and event.occurred_at >= %(since)s::timestamptz - interval '28 days'
        and event.occurred_at < %(until)s
),

unit as (
    select
        event.unit_id,
        (array_agg(event.occurred_at order by event.seq))[1] as inspected_at,
        (
            array_agg(event.payload ->> 'cause' order by event.seq desc)
            filter (where event.payload ->> 'cause' is not null)
        )[1] as cause
    from looked
    inner join ledger.known_event(%(known_at)s) as event on looked.unit_id = event.unit_id
    where event.type = 'inspected'
    group by event.unit_id
)

select
    unit.cause,
    count(*) filter (where unit.inspected_at >= %(since)s)::integer as units,
    count(*) filter (where unit.inspected_at < %(since)s)::float8 / 4 as usual
from unit
where
    unit.cause is not null
    and unit.inspected_at >= %(since)s::timestamptz - interval '28 days'
    and unit.inspected_at < %(until)s
group by unit.cause
order by units desc, usual desc, unit.cause asc;
