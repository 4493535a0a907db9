-- The newest known values of these KPIs, week by week; a NULL merchant is the whole house, NULL goods are all of them.
select
    kpi,
    horizon_days,
    version,
    week_start,
    value::float8 as value,
    lo::float8 as lo,
    hi::float8 as hi,
    n,
    note,
    known_on,
    restated_because
from mart.kpi_current
where
    (merchant_id = %(merchant_id)s or (merchant_id is null and %(merchant_id)s::text is null))
    and (category = %(category)s or (category is null and %(category)s::text is null))
    and (supplier = %(supplier)s or (supplier is null and %(supplier)s::text is null))
    and sku is null
    and kpi = any(%(kpis)s)
    and version = %(version)s
    and week_start between %(first)s and %(last)s
order by kpi, horizon_days, week_start;
