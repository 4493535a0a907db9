-- What the storage of units that are still here costs so far, by the week they came in.
with held as (
    select
        merchant_id,
        warehouse,
        came_on,
        sum(units)::bigint as units
    from mart.stored
    where
        merchant_id = any(%(merchants)s)
        and (category = %(category)s or (category is null and %(category)s::text is null))
        and (supplier = %(supplier)s or (supplier is null and %(supplier)s::text is null))
        and came_on between %(first)s and %(last)s::date + 6
    group by merchant_id, warehouse, came_on
),

priced as (
    select
        held.came_on,
        held.units,
        core.storage_cost(held.came_on, %(today)s, tariff.days, tariff.amounts) as amount
    from held
    left join core.storage_tariff as tariff
        on held.merchant_id = tariff.merchant_id and held.warehouse = tariff.warehouse
)

select
    date_trunc('week', came_on)::date as week_start,
    coalesce(sum(units * amount), 0)::bigint as storage,
    coalesce(sum(units) filter (where amount is null), 0)::bigint as no_storage
from priced
group by 1
order by 1;
