-- Numbers that were said otherwise in a span of days, the newest first: of the goods chosen, or with %(parts)s of all
-- that lie in them, too. A NULL merchant is the whole house. A week is restated for half a year at most, so older ones
-- (before %(first_week)s) are not read.
select
    told.known_on,
    told.known_before,
    told.week_start,
    told.kpi,
    told.horizon_days,
    told.category,
    told.sku,
    told.supplier,
    told.value_before::float8 as value_before,
    told.value::float8 as value,
    told.n_before,
    told.n,
    told.restated_because,
    count(*) over ()::integer as listed
from mart.kpi_restated as told
where
    (told.merchant_id = %(merchant_id)s or (told.merchant_id is null and %(merchant_id)s::text is null))
    and (
        told.category = %(category)s
        or (%(category)s::text is null and (told.category is null or %(parts)s))
    )
    and (
        told.supplier = %(supplier)s
        or (%(supplier)s::text is null and (told.supplier is null or %(parts)s))
    )
    and (told.sku is null or %(parts)s)
    and told.week_start >= %(first_week)s
    and told.known_on between %(first)s and %(last)s
    and told.version = %(version)s
    and (told.value_before, told.n_before) is distinct from (told.value, told.n)
order by
    told.known_on desc,
    num_nonnulls(told.category, told.sku, told.supplier) asc,
    told.week_start desc,
    told.kpi asc,
    told.horizon_days asc,
    told.category asc,
    told.sku asc,
    told.supplier asc
limit %(most)s;
