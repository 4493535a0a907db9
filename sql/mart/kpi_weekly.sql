-- mart.kpi_weekly: a number is written when it is new or differs from what was known; what was known before stays.
-- merchant_id NULL is the whole house. Rows of the run's own day are replaced, so a repeated run ends the same. Only
-- the weeks that the run counted anew are looked at, and the estimates, which every run makes.
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
select distinct
    staged.week_start,
    'estimate',
    'late facts'
from mart.stage_kpi_weekly as staged
where
    staged.dag_id = %(dag_id)s
    and staged.run_id = %(run_id)s
    and (staged.merchant_id = %(merchant_id)s or (%(merchant_id)s::text is null and staged.merchant_id is null))
    and mart.kpi_kind(staged.kpi) = 'estimate';

analyze kpi_counted;

delete from mart.kpi_weekly as known
using kpi_counted as counted
where
    (known.merchant_id = %(merchant_id)s or (%(merchant_id)s::text is null and known.merchant_id is null))
    and known.week_start = counted.week_start
    and mart.kpi_kind(known.kpi) = counted.kind
    and known.known_on = %(known_on)s;

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
from kpi_counted as counted
inner join mart.kpi_weekly as known
    on counted.week_start = known.week_start and mart.kpi_kind(known.kpi) = counted.kind
where
    (known.merchant_id = %(merchant_id)s or (%(merchant_id)s::text is null and known.merchant_id is null))
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

analyze kpi_before, kpi_staged;

insert into mart.kpi_weekly (
    merchant_id, category, sku, supplier, week_start, kpi, horizon_days, version, known_on,
    value, lo, hi, n, note, restated_because
)
select
    %(merchant_id)s,
    nullif(staged.category, ''),
    nullif(staged.sku, ''),
    nullif(staged.supplier, ''),
    staged.week_start,
    staged.kpi,
    nullif(staged.horizon_days, 0),
    staged.version,
    %(known_on)s,
    staged.value,
    staged.lo,
    staged.hi,
    staged.n,
    staged.note,
    case
        when before.kpi is null then null
        when before.n <> staged.n then before.because || ': n was ' || before.n || ', is ' || staged.n
        else before.because || ': units moved on since ' || before.known_on
    end as restated_because
from kpi_staged as staged
left join kpi_before as before
    using (category, sku, supplier, horizon_days, week_start, kpi, version)
where
    before.kpi is null
    or (before.value, before.lo, before.hi, before.n, before.note)
    is distinct from (staged.value, staged.lo, staged.hi, staged.n, staged.note);

-- a number whose units are gone (voided, moved to another category) is taken back, not left standing; an estimate is
-- made for the newest weeks only, and what was said of a week stays what was known of it then
insert into mart.kpi_weekly (
    merchant_id, category, sku, supplier, week_start, kpi, horizon_days, version, known_on, n, restated_because
)
select
    %(merchant_id)s,
    nullif(before.category, ''),
    nullif(before.sku, ''),
    nullif(before.supplier, ''),
    before.week_start,
    before.kpi,
    nullif(before.horizon_days, 0),
    before.version,
    %(known_on)s,
    0 as n,
    before.because || ': n was ' || before.n || ', is 0' as restated_because
from kpi_before as before
left join kpi_staged as staged
    using (category, sku, supplier, horizon_days, week_start, kpi, version)
where
    before.n > 0
    and mart.kpi_kind(before.kpi) <> 'estimate'
    -- a rate is written as long as its receipts' numbers are, after its horizon
    and (
        mart.kpi_kind(before.kpi) <> 'cohort'
        or before.week_start > %(rates_from)s::date + %(longest)s - before.horizon_days
    )
    and staged.kpi is null;

drop table kpi_counted, kpi_before, kpi_staged;
