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
    cross join of_house
    inner join core.merchant on merchant.active
    -- each week by itself: of all the weeks the index reads these
    cross join
        lateral (
            select distinct on (newest.kpi, newest.horizon_days, newest.version)
                newest.kpi,
                newest.week_start,
                newest.horizon_days,
                newest.version,
                newest.n
            from mart.kpi_weekly as newest
            where
                newest.merchant_id = merchant.merchant_id
                and newest.week_start = of_house.week_start
                and mart.kpi_kind(newest.kpi) = of_house.kind
                and newest.known_on <= (this_run.now_at at time zone 'Asia/Almaty')::date
                and newest.category is null
                and newest.sku is null
                and newest.supplier is null
            order by newest.kpi asc, newest.horizon_days asc, newest.version asc, newest.known_on desc
        ) as known
    where
        this_run.dag_id = current_setting('qaitarym.dag_id', true)
        and this_run.run_id = current_setting('qaitarym.run_id', true)
        and not exists (
            select 1
            from counted
            where
                counted.merchant_id = merchant.merchant_id
                and counted.kind = of_house.kind
                and counted.week_start = of_house.week_start
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
