-- The house's number counts the same units as its merchants' numbers together.
with per_week as (
    select
        kpi,
        week_start,
        coalesce(horizon_days, 0) as horizon_days,
        sum(n) filter (where merchant_id <> 'all') as merchants,
        sum(n) filter (where merchant_id = 'all') as house
    from mart.batch_kpi_weekly
    where category is null
    group by kpi, week_start, coalesce(horizon_days, 0)
)

select
    'all' as merchant_id,
    kpi || ' ' || week_start as record_key,
    'the house counts ' || coalesce(house, 0) || ' units, its merchants ' || coalesce(merchants, 0) as detail
from per_week
where
    coalesce(house, 0) <> coalesce(merchants, 0)
    and exists (
        select 1 from mart.batch_kpi_weekly
        where merchant_id = 'all'
    )
