-- mart.kpi_weekly: a number is written when it is new or differs from what was known; what was known before stays.
-- merchant_id NULL is the whole house. Rows of the run's own day are replaced, so a repeated run ends the same.
delete from mart.kpi_weekly
where merchant_id is not distinct from %(merchant_id)s and known_on = %(known_on)s;

with before as (
    select distinct on (category, sku, supplier, week_start, kpi, horizon_days, version) *
    from mart.kpi_weekly
    where merchant_id is not distinct from %(merchant_id)s and known_on < %(known_on)s
    order by
        category asc, sku asc, supplier asc, week_start asc, kpi asc, horizon_days asc, version asc, known_on desc
),

staged as (
    select *
    from mart.stage_kpi_weekly
    where
        dag_id = %(dag_id)s
        and run_id = %(run_id)s
        and merchant_id is not distinct from %(merchant_id)s
)

insert into mart.kpi_weekly (
    merchant_id, category, sku, supplier, week_start, kpi, horizon_days, version, known_on,
    value, lo, hi, n, note, restated_because
)
select
    staged.merchant_id,
    staged.category,
    staged.sku,
    staged.supplier,
    staged.week_start,
    staged.kpi,
    staged.horizon_days,
    staged.version,
    staged.known_on,
    staged.value,
    staged.lo,
    staged.hi,
    staged.n,
    staged.note,
    case
        when before.kpi is null then null
        when before.n <> staged.n then 'late facts: n was ' || before.n || ', is ' || staged.n
        else 'late facts: units moved on since ' || before.known_on
    end as restated_because
from staged
left join before
    on
        (before.category, before.sku, before.supplier, before.horizon_days)
        is not distinct from (staged.category, staged.sku, staged.supplier, staged.horizon_days)
        and staged.week_start = before.week_start
        and staged.kpi = before.kpi
        and staged.version = before.version
where
    before.kpi is null
    or (before.value, before.lo, before.hi, before.n, before.note)
    is distinct from (staged.value, staged.lo, staged.hi, staged.n, staged.note);

-- a number whose units are gone (voided, moved to another category) is taken back, not left standing; an estimate is
-- made for the newest weeks only, and what was said of a week stays what was known of it then
with before as (
    select distinct on (category, sku, supplier, week_start, kpi, horizon_days, version) *
    from mart.kpi_weekly
    where
        merchant_id is not distinct from %(merchant_id)s
        and known_on < %(known_on)s
        and week_start >= %(weeks_from)s
        and kpi not in ('return_rate_nowcast', 'return_rate_shrunk')
    order by
        category asc, sku asc, supplier asc, week_start asc, kpi asc, horizon_days asc, version asc, known_on desc
)

insert into mart.kpi_weekly (
    merchant_id, category, sku, supplier, week_start, kpi, horizon_days, version, known_on, n, restated_because
)
select
    before.merchant_id,
    before.category,
    before.sku,
    before.supplier,
    before.week_start,
    before.kpi,
    before.horizon_days,
    before.version,
    %(known_on)s,
    0 as n,
    'late facts: n was ' || before.n || ', is 0' as restated_because
from before
where
    before.n > 0
    and not exists (
        select 1
        from mart.stage_kpi_weekly as staged
        where
            staged.dag_id = %(dag_id)s
            and staged.run_id = %(run_id)s
            and staged.merchant_id is not distinct from before.merchant_id
            and staged.category is not distinct from before.category
            and staged.sku is not distinct from before.sku
            and staged.supplier is not distinct from before.supplier
            and staged.horizon_days is not distinct from before.horizon_days
            and staged.week_start = before.week_start
            and staged.kpi = before.kpi
            and staged.version = before.version
    );
