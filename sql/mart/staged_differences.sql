-- Rows of a part that a run staged otherwise than they are published, by table; weeks of which a note waited when the
-- run read the notes are left out: they may differ. A number is compared with what is known of it.
with pending as (
    select distinct
        case told.kind when 'goods' then 'any' when 'merchant' then 'any' else told.kind end as kind,
        told.week_start
    from mart.stage_touch_note as staged
    inner join ops.mart_touch as told on staged.note_id = told.note_id
    where
        staged.dag_id = %(dag_id)s
        and staged.run_id = %(run_id)s
        and staged.merchant_id = %(part)s
        -- the run's own note to the house, of every week, is none of a fact
        and told.because <> 'everything counted anew'
),

staged as (
    select
        'cohort_weekly' as name,
        'cohort' as kind,
        new.cohort_week as week_start,
        to_jsonb(new) - 'dag_id' - 'run_id' as line
    from mart.stage_cohort_weekly as new
    where new.dag_id = %(dag_id)s and new.run_id = %(run_id)s and new.merchant_id = %(part)s
    union all
    select
        'cause_weekly',
        'cohort',
        new.cohort_week,
        to_jsonb(new) - 'dag_id' - 'run_id'
    from mart.stage_cause_weekly as new
    where new.dag_id = %(dag_id)s and new.run_id = %(run_id)s and new.merchant_id = %(part)s
    union all
    select
        'delay_weekly',
        'cohort',
        new.cohort_week,
        to_jsonb(new) - 'dag_id' - 'run_id'
    from mart.stage_delay_weekly as new
    where new.dag_id = %(dag_id)s and new.run_id = %(run_id)s and new.merchant_id = %(part)s
    union all
    select
        'receipt_weekly',
        'receipt',
        new.week_start,
        to_jsonb(new) - 'dag_id' - 'run_id'
    from mart.stage_receipt_weekly as new
    where new.dag_id = %(dag_id)s and new.run_id = %(run_id)s and new.merchant_id = %(part)s
    union all
    select
        'expected_weekly',
        'signal',
        new.week_start,
        to_jsonb(new) - 'dag_id' - 'run_id'
    from mart.stage_expected_weekly as new
    where new.dag_id = %(dag_id)s and new.run_id = %(run_id)s and new.merchant_id = %(part)s
    union all
    select
        'kpi_weekly',
        mart.kpi_kind(new.kpi),
        new.week_start,
        to_jsonb(new) - 'dag_id' - 'run_id' - 'known_on' - 'restated_because'
    from mart.stage_kpi_weekly as new
    where
        new.dag_id = %(dag_id)s
        and new.run_id = %(run_id)s
        and (new.merchant_id = nullif(%(part)s, 'all') or (%(part)s = 'all' and new.merchant_id is null))
        and not (new.n = 0 and num_nonnulls(new.value, new.note) = 0)
),

published as (
    select
        'cohort_weekly' as name,
        'cohort' as kind,
        known.cohort_week as week_start,
        to_jsonb(known) - 'known_on' as line
    from mart.cohort_weekly as known
    where known.merchant_id = %(part)s
    union all
    select
        'cause_weekly',
        'cohort',
        known.cohort_week,
        to_jsonb(known) - 'known_on'
    from mart.cause_weekly as known
    where known.merchant_id = %(part)s
    union all
    select
        'delay_weekly',
        'cohort',
        known.cohort_week,
        to_jsonb(known)
    from mart.delay_weekly as known
    where known.merchant_id = %(part)s
    union all
    select
        'receipt_weekly',
        'receipt',
        known.week_start,
        to_jsonb(known)
    from mart.receipt_weekly as known
    where known.merchant_id = %(part)s
    union all
    select
        'expected_weekly',
        'signal',
        known.week_start,
        to_jsonb(known)
    from mart.expected_weekly as known
    where known.merchant_id = %(part)s
    union all
    -- of the weeks that are written; a number that was taken back says as much as none
    select
        'kpi_weekly',
        mart.kpi_kind(known.kpi),
        known.week_start,
        to_jsonb(known) - 'known_on' - 'restated_because'
    from mart.kpi_known(%(known_on)s) as known
    where
        (known.merchant_id = nullif(%(part)s, 'all') or (%(part)s = 'all' and known.merchant_id is null))
        and not (known.n = 0 and num_nonnulls(known.value, known.note) = 0)
        and case mart.kpi_kind(known.kpi)
            when 'cohort' then known.week_start > %(rates_from)s::date + %(longest)s - known.horizon_days
            when 'estimate' then false
            else known.week_start >= %(weeks_from)s
        end
),

differing as (
    (
        select
            staged.name,
            staged.kind,
            staged.week_start,
            staged.line,
            'is not published' as what
        from staged
        except
        select
            published.name,
            published.kind,
            published.week_start,
            published.line,
            'is not published'
        from published
    )
    union all
    (
        select
            published.name,
            published.kind,
            published.week_start,
            published.line,
            'is not counted'
        from published
        except
        select
            staged.name,
            staged.kind,
            staged.week_start,
            staged.line,
            'is not counted'
        from staged
    )
)

select
    differing.name,
    differing.week_start,
    differing.what,
    differing.line
from differing
where
    -- estimates are made by every run, and of the newest weeks only
    differing.kind <> 'estimate'
    and not exists (
        select 1
        from pending
        where pending.kind = 'any' or (pending.kind = differing.kind and pending.week_start = differing.week_start)
    )
order by differing.name, differing.week_start, differing.line::text
limit %(shown)s;
