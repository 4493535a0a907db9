-- Units that reached each step for the first time, in the thirteen weeks up to one, as it was known at a moment, with
-- what those that were sold again brought. merchant_id NULL is the whole house.
with step as (
    select *
    from (
        values
        ('requested', 'requested'),
        ('received', 'received'),
        ('unexpected', 'received'),
        ('inspected', 'inspected'),
        ('repaired', 'worked'),
        ('repacked', 'worked'),
        ('qc_passed', 'qc_passed'),
        ('on_sale', 'on_sale'),
        ('resold', 'resold'),
        ('written_off', 'ended'),
        ('to_supplier', 'ended'),
        ('disposed', 'ended')
    ) as named (type, reached)
),

week as (
    select %(week_start)s::date - 7 * back as week_start
    from generate_series(0, 12) as back
),

moved as (
    select distinct event.unit_id
    from ledger.unit_event as event
    where
        (event.merchant_id = %(merchant_id)s or %(merchant_id)s is null)
        and event.occurred_at >= (%(week_start)s::date - 84)::timestamp at time zone 'Asia/Almaty'
        and event.occurred_at < (%(week_start)s::date + 7)::timestamp at time zone 'Asia/Almaty'
),

first as (
    select distinct on (event.unit_id, step.reached)
        event.unit_id,
        step.reached,
        (event.payload ->> 'resale_price')::bigint as price,
        date_trunc('week', event.occurred_at at time zone 'Asia/Almaty')::date as week_start
    from moved
    inner join ledger.known_event(%(known_at)s) as event on moved.unit_id = event.unit_id
    inner join step on event.type = step.type
    order by event.unit_id asc, step.reached asc, event.seq asc
)

select
    week.week_start,
    count(*) filter (where first.reached = 'requested')::integer as requested,
    count(*) filter (where first.reached = 'received')::integer as received,
    count(*) filter (where first.reached = 'inspected')::integer as inspected,
    count(*) filter (where first.reached = 'worked')::integer as repaired,
    count(*) filter (where first.reached = 'qc_passed')::integer as qc_passed,
    count(*) filter (where first.reached = 'on_sale')::integer as on_sale,
    count(*) filter (where first.reached = 'resold')::integer as resold,
    count(*) filter (where first.reached = 'ended')::integer as ended_otherwise,
    coalesce(
        sum(coalesce(first.price, listed.price)) filter (where first.reached = 'resold'), 0
    )::bigint as proceeds
from week
left join first on week.week_start = first.week_start
left join lateral (
    select (event.payload ->> 'resale_price')::bigint as price
    from ledger.known_event(%(known_at)s) as event
    where
        event.unit_id = first.unit_id
        and event.type = 'restock_pending'
        and first.reached = 'resold'
        and first.price is null
    order by event.seq desc
    limit 1
) as listed on true
group by week.week_start
order by week.week_start;
