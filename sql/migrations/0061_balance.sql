-- The events that count, and the balance of units from events and projection.

create view ledger.effective_event as
select unit_event.*
from ledger.unit_event
where
    unit_event.type <> 'voided'
    and not exists (
        select 1
        from ledger.unit_event as correction
        where
            correction.unit_id = unit_event.unit_id
            and correction.type = 'voided'
            and correction.payload ->> 'event_id' = unit_event.event_id::text
    );
comment on view ledger.effective_event is
'What happened and was not a mistake: neither the voided events nor the corrections that voided them.';

-- For every day and state: what was there, what came, what went by the events; and what was there at the day's end by
-- where each unit stood. Two ways that meet only where nothing is missing, doubled or bent.
--
-- A unit never moves back in time: a fact that was learned late counts from where the unit stood, and is known from
-- when the facts before it were. What lies ahead of known_at happened, as far as anybody knows, on its day.
create function ledger.balance(merchant text, first_day date, last_day date, known_at timestamptz)
returns table (as_of date, state text, opening integer, entered integer, "left" integer, closing integer)
language sql stable
as $$
    with booked as (
        select
            unit_event.unit_id,
            unit_event.seq,
            unit_event.state_from,
            unit_event.state_to,
            max(unit_event.occurred_at) over life as happened_at,
            max(unit_event.recorded_at) over life as learned_at
        from ledger.unit_event
        where unit_event.merchant_id = balance.merchant
        window life as (partition by unit_event.unit_id order by unit_event.seq)
    ),

    moves as (
        select
            booked.unit_id,
            booked.seq,
            booked.state_from,
            booked.state_to,
            (least(booked.happened_at, balance.known_at) at time zone 'Asia/Almaty')::date as day
        from booked
        where booked.learned_at <= balance.known_at
    ),

    span as (
        select
            coalesce(
                balance.first_day, min(moves.day), (balance.known_at at time zone 'Asia/Almaty')::date
            ) as first_day,
            least(balance.last_day, (balance.known_at at time zone 'Asia/Almaty')::date) as last_day,
            -- nothing was learned after known_at: the projection stands where known_at left it
            not exists (
                select 1
                from booked
                where booked.learned_at > balance.known_at
            ) and balance.last_day >= (balance.known_at at time zone 'Asia/Almaty')::date as ends_now
        from moves
    ),

    -- by the events: each says where its unit came from and went to
    flows as (
        select
            greatest(moves.day, span.first_day - 1) as day,
            side.state,
            sum(side.entered) as entered,
            sum(side.gone) as gone
        from moves
        cross join span
        cross join lateral (values (moves.state_to, 1, 0), (moves.state_from, 0, 1)) as side (state, entered, gone)
        where moves.state_from is distinct from moves.state_to and side.state is not null
        group by 1, 2
    ),

    -- by the units: where each stood when a day ended on which it moved
    evening as (
        select distinct on (moves.unit_id, moves.day)
            moves.unit_id,
            moves.day,
            moves.state_to as state
        from moves
        order by moves.unit_id, moves.day, moves.seq desc
    ),

    turns as (
        select
            evening.day,
            evening.state,
            lag(evening.state) over (partition by evening.unit_id order by evening.day) as state_before
        from evening
    ),

    stood as (
        select
            greatest(turns.day, span.first_day - 1) as day,
            side.state,
            sum(side.units) as units
        from turns
        cross join span
        cross join lateral (values (turns.state, 1), (turns.state_before, -1)) as side (state, units)
        where side.state is not null
        group by 1, 2
    ),

    projected as (
        select
            unit.state,
            count(*) as units
        from ledger.unit
        where unit.merchant_id = balance.merchant
        group by unit.state
    ),

    states as (
        select flows.state from flows
        union
        select stood.state from stood
        union
        select projected.state from projected cross join span where span.ends_now
    ),

    days as (
        select generate_series(span.first_day - 1, span.last_day, interval '1 day')::date as day
        from span
    ),

    sums as (
        select
            days.day,
            states.state,
            coalesce(flows.entered, 0) as entered,
            coalesce(flows.gone, 0) as gone,
            sum(coalesce(flows.entered, 0) - coalesce(flows.gone, 0)) over upto as by_events,
            sum(coalesce(stood.units, 0)) over upto as by_units
        from days
        cross join states
        left join flows on days.day = flows.day and states.state = flows.state
        left join stood on days.day = stood.day and states.state = stood.state
        window upto as (partition by states.state order by days.day)
    )

    select
        sums.day,
        sums.state,
        (sums.by_events - sums.entered + sums.gone)::integer,
        sums.entered::integer,
        sums.gone::integer,
        (case
            when span.ends_now and sums.day = span.last_day then coalesce(projected.units, 0)
            else sums.by_units
        end)::integer
    from sums
    cross join span
    left join projected on sums.state = projected.state
    where sums.day >= span.first_day
    order by sums.day, sums.state
$$;
comment on function ledger.balance is
'A merchant''s units by day and state, as they were known at a moment: closing = opening + entered - left, or the books
are wrong. closing is the projection''s on the last day where nothing was learned since, else replayed.';

alter table mart.balance_daily add column known_at timestamptz;
comment on column mart.balance_daily.known_at is
'The moment of known_on at which it was computed: ledger.balance says the same for it ever after.';
comment on column mart.balance_daily.closing is
'Where the units stood: from the projection on known_on, replayed before; compared with opening + entered - left.';

-- No query ever asked for events by the merchant and the time they happened at; every event paid for it.
drop index ledger.unit_event_merchant_day;

-- The projection of before: goods that left the house lie in no zone; who inspected or repaired a unit once does no QC
-- of it later.
update ledger.unit
set zone = null
where zone is not null and state in ('resold', 'written_off', 'to_supplier', 'disposed', 'returned_to_buyer');

update ledger.unit
set worked_by = worked.actors
from (
    select
        unit_id,
        array_agg(distinct actor collate "C" order by actor collate "C") as actors
    from ledger.effective_event
    where type in ('inspected', 'repacked', 'in_repair', 'repaired')
    group by unit_id
) as worked
where unit.unit_id = worked.unit_id and unit.worked_by is distinct from worked.actors;
