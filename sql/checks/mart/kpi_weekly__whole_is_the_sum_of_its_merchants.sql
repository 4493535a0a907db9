-- The house's number counts the same units as its merchants' numbers together: what is staged of them, and of a week
-- that did not change of a merchant what was known of him on the run's day. Of the weeks that the house counts: of a
-- merchant who was held back longer than the house another one may change by the clock alone.
with house as (
    select
        kpi,
        week_start,
        coalesce(horizon_days, 0) as horizon_days,
        version,
        n
    from mart.batch_kpi_weekly
    where merchant_id = 'all' and category is null and sku is null and supplier is null
),

counted as (
    select
        merchant_id,
        case kind when 'number' then 'receipt' else kind end as kind,
        week_start
    from mart.stage_touch
    where
        dag_id = current_setting('qaitarym.dag_id', true)
        and run_id = current_setting('qaitarym.run_id', true)
),

of_house as (
    select distinct
        kind,
        week_start
    from counted
    where merchant_id = 'all'
),

merchants as (
    select
        kpi,
        week_start,
        coalesce(horizon_days, 0) as horizon_days,
        version,
        n
    from mart.batch_kpi_weekly
    where
        merchant_id <> 'all'
        and category is null
        and sku is null
        and supplier is null
        -- estimates are made by every run of everybody
        and (
            mart.kpi_kind(kpi) = 'estimate'
            or (mart.kpi_kind(kpi), week_start) in (
                select
                    kind,
                    week_start
                from of_house
            )
        )
    union all
    select
        known.kpi,
        known.week_start,
        coalesce(known.horizon_days, 0),
        known.version,
        known.n
    from ops.run as this_run
    cross join mart.kpi_known((this_run.now_at at time zone 'Asia/Almaty')::date) as known
    inner join of_house on mart.kpi_kind(known.kpi) = of_house.kind and known.week_start = of_house.week_start
    where
        this_run.dag_id = current_setting('qaitarym.dag_id', true)
        and this_run.run_id = current_setting('qaitarym.run_id', true)
        -- by index, of all that was ever known
        and known.merchant_id = any(
            array(
                select served.merchant_id
                from core.merchant as served
                where served.active
            )
        )
        and known.week_start = any(array(select every.week_start from of_house as every))
        and known.category is null
        and known.sku is null
        and known.supplier is null
        and not exists (
            select 1
            from counted
            where
                counted.merchant_id = known.merchant_id
                and counted.kind = mart.kpi_kind(known.kpi)
                and counted.week_start = known.week_start
        )
),

said as (
    select count(*) as numbers
    from house
),

together as (
    select
        kpi,
        week_start,
        horizon_days,
        version,
        sum(n) as n
    from merchants
    group by kpi, week_start, horizon_days, version
)

select
    'all' as merchant_id,
    kpi || ' ' || week_start as record_key,
    'the house counts ' || coalesce(house.n, 0) || ' units, its merchants ' || coalesce(together.n, 0) as detail
from house
full join together using (kpi, week_start, horizon_days, version)
where
    coalesce(house.n, 0) <> coalesce(together.n, 0)
    and exists (
        select 1
        from said
        where said.numbers > 0
    )
