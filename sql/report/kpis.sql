-- The KPIs of one reader as known at the end of the Almaty day %(known_on)s: of each the newest week with a row, and
-- the week before it.
with known as (
    select *
    from mart.kpi_known(%(known_on)s)
    where
        (merchant_id = %(merchant_id)s or (%(merchant_id)s::text is null and merchant_id is null))
        and category is null
        and sku is null
        and supplier is null
        and week_start <= %(week_start)s
        and version = %(version)s
),

newest as (
    select distinct on (kpi, horizon_days) *
    from known
    order by kpi asc, horizon_days asc, week_start desc
)

select
    newest.kpi,
    newest.horizon_days,
    newest.version,
    newest.week_start,
    newest.value::float8 as value,
    newest.lo::float8 as lo,
    newest.hi::float8 as hi,
    newest.n,
    newest.note,
    before.value::float8 as previous,
    coalesce(before.n, 0) as previous_n,
    newest.restated_because is not null as restated
from newest
left join known as before
    on
        newest.kpi = before.kpi
        and newest.horizon_days is not distinct from before.horizon_days
        and before.week_start = newest.week_start - 7;
