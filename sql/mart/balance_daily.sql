-- mart.balance_daily: for each day and state what was there, what came, what went, as known on one day.
-- entered and left come from the events; closing comes from where each unit stood at the day's end, and for the
-- day it is known on from the projection itself. A check compares them, so the balance can fail.
delete from mart.balance_daily
where merchant_id = %(merchant_id)s and known_on = %(known_on)s;

insert into mart.balance_daily (as_of, known_on, merchant_id, state, opening, entered, "left", closing)
with moves as (
    select
        unit_event.unit_id,
        unit_event.seq,
        unit_event.state_from,
        unit_event.state_to,
        -- a unit never moves back in time: a fact learned late counts from where the unit stood
        least(
            %(known_on)s::date,
            (
                max(unit_event.occurred_at) over (
                    partition by unit_event.unit_id
                    order by unit_event.seq
                ) at time zone 'Asia/Almaty'
            )::date
        ) as day
    from ledger.unit_event
    where unit_event.merchant_id = %(merchant_id)s
),

flows as (
    select
        day,
        state_to as state,
        count(*) as entered,
        0 as gone
    from moves
    where state_from is distinct from state_to
    group by day, state_to
    union all
    select
        day,
        state_from,
        0,
        count(*)
    from moves
    where state_from is distinct from state_to and state_from is not null
    group by day, state_from
),

daily as (
    select
        day,
        state,
        sum(entered)::integer as entered,
        sum(gone)::integer as gone
    from flows
    group by day, state
),

days as (
    select generate_series(min(day), %(known_on)s::date, interval '1 day')::date as day
    from moves
),

-- independent of entered and left: where each unit stood when the day ended
stood as (
    select
        moves.unit_id,
        moves.state_to as state,
        moves.day as since,
        lead(moves.day) over (partition by moves.unit_id order by moves.seq) as until
    from moves
),

standing as (
    select
        days.day,
        stood.state,
        count(*)::integer as closing
    from days
    inner join stood on days.day >= stood.since and (stood.until is null or days.day < stood.until)
    where days.day < %(known_on)s::date
    group by days.day, stood.state
    union all
    select
        %(known_on)s::date,
        unit.state,
        count(*)::integer
    from ledger.unit
    where unit.merchant_id = %(merchant_id)s
    group by unit.state
),

states as (
    select distinct state
    from daily
)

select
    days.day,
    %(known_on)s,
    %(merchant_id)s,
    states.state,
    coalesce(
        sum(coalesce(daily.entered, 0) - coalesce(daily.gone, 0)) over (
            partition by states.state
            order by days.day
            rows between unbounded preceding and 1 preceding
        ),
        0
    )::integer,
    coalesce(daily.entered, 0),
    coalesce(daily.gone, 0),
    coalesce(standing.closing, 0)
from days
cross join states
left join daily on days.day = daily.day and states.state = daily.state
left join standing on days.day = standing.day and states.state = standing.state;
