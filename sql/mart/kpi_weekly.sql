-- mart.kpi_weekly: a number is written when it is new or differs from what was known; what was known before stays.
-- merchant_id NULL is the whole house. A day has one row of a number, that of its last run, so a repeated run ends the
-- same. Only the weeks that the run counted anew are looked at, and the estimates, which every run makes.
create temporary table kpi_counted on commit drop as
select
    touch.week_start,
    case touch.kind when 'number' then 'receipt' else touch.kind end as kind,
    string_agg(distinct cause.name, ', ' order by cause.name) as because
from mart.stage_touch as touch
cross join lateral unnest(touch.because) as cause (name)
where
    touch.dag_id = %(dag_id)s
    and touch.run_id = %(run_id)s
    and touch.merchant_id = coalesce(%(merchant_id)s, 'all')
    and touch.week_start > %(rates_from)s
group by 1, 2
union all
-- an estimate leans on the cohorts of many weeks; it changes as well when they grow older
select distinct
    staged.week_start,
    'estimate',
    coalesce(
        (
            select string_agg(distinct cause.name, ', ' order by cause.name)
            from mart.stage_touch as touch
            cross join lateral unnest(touch.because) as cause (name)
            where
                touch.dag_id = %(dag_id)s
                and touch.run_id = %(run_id)s
                and touch.merchant_id = coalesce(%(merchant_id)s, 'all')
                and touch.kind = 'cohort'
        ),
        'time passed'
    )
from mart.stage_kpi_weekly as staged
where
    staged.dag_id = %(dag_id)s
    and staged.run_id = %(run_id)s
    and (staged.merchant_id = %(merchant_id)s or (%(merchant_id)s::text is null and staged.merchant_id is null))
    and mart.kpi_kind(staged.kpi) = 'estimate';

analyze kpi_counted;

create temporary table kpi_before on commit drop as
select distinct on (
    known.category, known.sku, known.supplier, known.week_start, known.kpi, known.horizon_days, known.version
)
    coalesce(known.category, '') as category,
    coalesce(known.sku, '') as sku,
    coalesce(known.supplier, '') as supplier,
    coalesce(known.horizon_days, 0) as horizon_days,
    known.week_start,
    known.kpi,
    known.version,
    known.known_on,
    known.value,
    known.lo,
    known.hi,
    known.n,
    known.note,
    counted.because
from mart.kpi_weekly as known
inner join kpi_counted as counted
    on known.week_start = counted.week_start and mart.kpi_kind(known.kpi) = counted.kind
where
    known.week_start = any(array(select distinct every.week_start from kpi_counted as every))
    and (known.merchant_id = %(merchant_id)s or (%(merchant_id)s::text is null and known.merchant_id is null))
    and known.known_on < %(known_on)s
order by
    known.category asc, known.sku asc, known.supplier asc, known.week_start asc, known.kpi asc,
    known.horizon_days asc, known.version asc, known.known_on desc;

create temporary table kpi_staged on commit drop as
select
    coalesce(staged.category, '') as category,
    coalesce(staged.sku, '') as sku,
    coalesce(staged.supplier, '') as supplier,
    coalesce(staged.horizon_days, 0) as horizon_days,
    staged.week_start,
    staged.kpi,
    staged.version,
    staged.value,
    staged.lo,
    staged.hi,
    staged.n,
    staged.note
from mart.stage_kpi_weekly as staged
where
    staged.dag_id = %(dag_id)s
    and staged.run_id = %(run_id)s
    and (staged.merchant_id = %(merchant_id)s or (%(merchant_id)s::text is null and staged.merchant_id is null));

-- what an earlier run of this day said
create temporary table kpi_today on commit drop as
select
    coalesce(known.category, '') as category,
    coalesce(known.sku, '') as sku,
    coalesce(known.supplier, '') as supplier,
    coalesce(known.horizon_days, 0) as horizon_days,
    known.week_start,
    known.kpi,
    known.version,
    known.value,
    known.lo,
    known.hi,
    known.n,
    known.note,
    split_part(known.restated_because, ': ', 1) as because,
    known.ctid as place
from mart.kpi_weekly as known
inner join kpi_counted as counted
    on known.week_start = counted.week_start and mart.kpi_kind(known.kpi) = counted.kind
where
    known.week_start = any(array(select distinct every.week_start from kpi_counted as every))
    and (known.merchant_id = %(merchant_id)s or (%(merchant_id)s::text is null and known.merchant_id is null))
    and known.known_on = %(known_on)s;

analyze kpi_before, kpi_staged, kpi_today;

create temporary table kpi_said on commit drop as
select
    staged.*,
    before.n as n_before,
    before.known_on as known_before,
    before.because
from kpi_staged as staged
left join kpi_before as before
    using (category, sku, supplier, horizon_days, week_start, kpi, version)
where
    before.kpi is null
    or (before.value, before.lo, before.hi, before.n, before.note)
    is distinct from (staged.value, staged.lo, staged.hi, staged.n, staged.note)
union all
-- a number whose units are gone (voided, moved to another category) is taken back, not left standing; an estimate is
-- made for the newest weeks only, and what was said of a week stays what was known of it then
select
    before.category,
    before.sku,
    before.supplier,
    before.horizon_days,
    before.week_start,
    before.kpi,
    before.version,
    null,
    null,
    null,
    0,
    null,
    before.n,
    before.known_on,
    before.because
from kpi_before as before
left join kpi_staged as staged
    using (category, sku, supplier, horizon_days, week_start, kpi, version)
where
    (before.n > 0 or before.value is not null or before.note is not null)
    and mart.kpi_kind(before.kpi) <> 'estimate'
    -- a rate is written as long as its receipts' numbers are, after its horizon
    and (
        mart.kpi_kind(before.kpi) <> 'cohort'
        or before.week_start > %(rates_from)s::date + %(longest)s - before.horizon_days
    )
    and staged.kpi is null;

analyze kpi_said;

-- what is the same as this day has said stays, with its cause
delete from mart.kpi_weekly as known
where
    known.ctid = any(
        array(
            select today.place
            from kpi_today as today
            left join kpi_said as said
                using (category, sku, supplier, horizon_days, week_start, kpi, version)
            where
                said.kpi is null
                or (today.value, today.lo, today.hi, today.n, today.note)
                is distinct from (said.value, said.lo, said.hi, said.n, said.note)
        )
    );

insert into mart.kpi_weekly (
    merchant_id, category, sku, supplier, week_start, kpi, horizon_days, version, known_on,
    value, lo, hi, n, note, restated_because
)
select
    %(merchant_id)s,
    nullif(said.category, ''),
    nullif(said.sku, ''),
    nullif(said.supplier, ''),
    said.week_start,
    said.kpi,
    nullif(said.horizon_days, 0),
    said.version,
    %(known_on)s,
    said.value,
    said.lo,
    said.hi,
    said.n,
    said.note,
    case
        when said.known_before is null then null
        else
            -- both what this day has said before and what happened since tell it from the days before
            (
                select string_agg(distinct cause, ', ' order by cause)
                from regexp_split_to_table(concat_ws(', ', today.because, said.because), ', ') as cause
            )
            || case
                when said.n_before <> said.n then ': n was ' || said.n_before || ', is ' || said.n
                else ': units moved on since ' || said.known_before
            end
    end as restated_because
from kpi_said as said
left join kpi_today as today
    using (category, sku, supplier, horizon_days, week_start, kpi, version)
where
    today.kpi is null
    or (today.value, today.lo, today.hi, today.n, today.note)
    is distinct from (said.value, said.lo, said.hi, said.n, said.note);

drop table kpi_counted, kpi_before, kpi_staged, kpi_today, kpi_said;
