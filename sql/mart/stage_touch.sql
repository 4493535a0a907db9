-- mart.stage_touch: the weeks of a merchant (all: of the whole house) that this run counts anew, and the notes that say
-- so. The notes are read before any fact: what is noted later is counted by the next run, twice at worst.
-- Cohorts are kept for ever; receipts and first signs as long as their week is written, from %(weeks_from)s on.
delete from mart.stage_touch
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(part)s;

delete from mart.stage_touch_note
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(part)s;

delete from mart.stage_state
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(part)s;

insert into mart.stage_state (dag_id, run_id, merchant_id, times)
select
    %(dag_id)s,
    %(run_id)s,
    %(part)s,
    coalesce(max(state.times), 0)
from ops.mart_state as state
where state.part = %(part)s;

insert into mart.stage_touch_note (dag_id, run_id, merchant_id, note_id)
select
    %(dag_id)s,
    %(run_id)s,
    %(part)s,
    note_id
from ops.mart_touch
where merchant_id = %(part)s;

insert into mart.stage_touch (dag_id, run_id, merchant_id, kind, week_start, because)
with note as (
    select told.*
    from mart.stage_touch_note as staged
    inner join ops.mart_touch as told on staged.note_id = told.note_id
    where staged.dag_id = %(dag_id)s and staged.run_id = %(run_id)s and staged.merchant_id = %(part)s
),

-- who has not been counted by these rules up to an earlier moment is counted whole
last_run as (
    select max(state.refreshed_at) as at
    from ops.mart_state as state
    where state.part = %(part)s and state.counted_by = %(counted_by)s and state.refreshed_at <= %(now)s
),

whole as (
    select 'everything counted anew' as because
    from last_run
    where last_run.at is null or %(whole)s
    union
    select note.because
    from note
    where note.kind = 'merchant'
),

-- a run of an earlier clock than the last one's counts the weeks of that one, too
newest as (
    select greatest(core.week_of(%(now)s), core.week_of(max(state.refreshed_at))) as week_start
    from ops.mart_state as state
    where state.part = %(part)s
),

every_week as (
    select begins::date as week_start
    from (
        select
            least(
                (
                    select core.week_of(min(placed.created_at))
                    from core.customer_order as placed
                    where placed.merchant_id = %(part)s or %(part)s = 'all'
                ),
                (
                    select min(counted.cohort_week)
                    from mart.cohort_weekly as counted
                    where counted.merchant_id = %(part)s or %(part)s = 'all'
                )
            ) as oldest
    ) as known
    cross join newest
    cross join generate_series(known.oldest, newest.week_start, interval '7 days') as begins
),

window_week as (
    select begins::date as week_start
    from newest
    cross join generate_series(%(weeks_from)s::date, newest.week_start, interval '7 days') as begins
),

waiting as (
    select
        counted.week_start,
        max(counted.waiting_since) as since,
        max(counted.longest_after) as longest
    from mart.receipt_weekly as counted
    where counted.merchant_id = %(part)s or %(part)s = 'all'
    group by counted.week_start
),

touched as (
    select
        note.kind,
        note.week_start,
        note.because
    from note
    where note.week_start is not null
    union all
    select
        'cohort',
        every_week.week_start,
        whole.because
    from every_week
    cross join whole
    union all
    select
        kind.name,
        window_week.week_start,
        whole.because
    from window_week
    cross join whole
    cross join (values ('receipt'), ('signal')) as kind (name)
    union all
    -- goods that are counted under another category now
    select
        'cohort',
        counted.cohort_week,
        note.because
    from note
    inner join channel.resale_sku as resale
        on note.merchant_id = resale.merchant_id and note.sku = resale.sku
    inner join mart.cohort_weekly as counted
        on note.merchant_id = counted.merchant_id and resale.offer_sku = counted.sku
    where note.kind = 'goods'
    union all
    select
        'cohort',
        counted.cohort_week,
        note.because
    from note
    inner join mart.cohort_weekly as counted
        on note.merchant_id = counted.merchant_id and note.sku = counted.sku
    where note.kind = 'goods'
    union all
    select
        'receipt',
        counted.week_start,
        note.because
    from note
    inner join mart.receipt_weekly as counted
        on note.merchant_id = counted.merchant_id and note.sku = counted.sku
    where note.kind = 'goods'
    union all
    select
        'signal',
        counted.week_start,
        note.because
    from note
    inner join mart.expected_weekly as counted
        on note.merchant_id = counted.merchant_id and note.sku = counted.sku
    where note.kind = 'goods'
    union all
    -- cohorts that became older than a horizon since
    select
        'cohort',
        begins::date,
        'time passed'
    from last_run
    cross join (values (14), (30)) as horizon (days)
    cross join
        generate_series(
            core.week_of(last_run.at - make_interval(days => horizon.days)) - 7,
            core.week_of(%(now)s) - horizon.days,
            interval '7 days'
        ) as begins
    where
        core.week_begin(begins::date + 7 + horizon.days) > last_run.at
        and core.week_begin(begins::date + 7 + horizon.days) <= %(now)s
    union all
    -- what nobody had swept in time, while a sweep may still be published that had
    select
        'cohort',
        counted.cohort_week,
        'more sales seen'
    from mart.cohort_weekly as counted
    where
        counted.merchant_id = %(part)s
        and counted.backfilled
        and counted.cohort_week >= %(weeks_from)s::date - 14
    union all
    -- numbers of receipts that change with the clock: the week that is over now, horizons, what waits still
    select
        'number',
        window_week.week_start,
        'time passed'
    from last_run
    inner join window_week on true
    cross join (values (0), (30), (60)) as horizon (days)
    where
        core.week_begin(window_week.week_start + 7 + horizon.days) > last_run.at
        and core.week_begin(window_week.week_start + 7 + horizon.days) <= %(now)s
    union all
    select
        'signal',
        window_week.week_start,
        'time passed'
    from last_run
    inner join window_week on true
    where
        core.week_begin(window_week.week_start + 7) > last_run.at
        and core.week_begin(window_week.week_start + 7) <= %(now)s
    union all
    -- decisions that nobody made in time
    select
        'signal',
        core.week_of(least(unit.requested_at, unit.received_at)),
        'decision made or overdue'
    from last_run
    inner join core.decision_clock as clock on clock.merchant_id = %(part)s
    inner join ledger.unit as unit on clock.case_id = unit.case_id
    where
        clock.due_at >= last_run.at
        and clock.due_at < %(now)s
        and clock.settled_at is null
        and least(unit.requested_at, unit.received_at) is not null
    union all
    -- what waits still counts for longer; but where it has waited longer than all others took, nothing follows
    select
        'number',
        waiting.week_start,
        'time passed'
    from last_run
    cross join waiting
    where last_run.at < %(now)s and last_run.at - waiting.since <= make_interval(secs => waiting.longest)
    union all
    -- storage is counted by the day; without a price it costs nothing on the first day, and nobody knows what after
    select
        'receipt',
        counted.week_start,
        'time passed'
    from last_run
    inner join mart.receipt_weekly as counted on counted.merchant_id = %(part)s
    where
        core.day_of(last_run.at) < core.day_of(%(now)s)
        and counted.open_units > 0
        and (
            counted.week_start >= core.week_of(last_run.at)
            or exists (
                select 1
                from core.storage_tariff as tariff
                where tariff.merchant_id = counted.merchant_id
            )
        )
)

select
    %(dag_id)s,
    %(run_id)s,
    %(part)s,
    touched.kind,
    touched.week_start,
    array_agg(distinct touched.because order by touched.because) as because
from touched
where touched.kind = 'cohort' or touched.week_start >= %(weeks_from)s::date
group by touched.kind, touched.week_start;

-- The house counts what its merchants count; it has notes of its own, so that a house that is held back forgets none.
-- One that is there already does not do: a run that has read it before may take it away.
insert into ops.mart_touch (merchant_id, kind, week_start, because)
select
    'all',
    touch.kind,
    touch.week_start,
    cause.name
from mart.stage_touch as touch
cross join lateral unnest(touch.because) as cause (name)
where
    touch.dag_id = %(dag_id)s
    and touch.run_id = %(run_id)s
    and touch.merchant_id = %(part)s
    and %(part)s <> 'all'
    and touch.kind <> 'number';

select
    kind,
    week_start,
    because
from mart.stage_touch
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(part)s
order by kind, week_start;
