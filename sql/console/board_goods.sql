-- Return rates of goods as drawn towards their category, those that are surely high first, with what was counted in the
-- same weeks: SKUs (%(of)s is sku) or what a supplier makes of a category. By the newest week that says it of each
-- merchant.
with newest as (
    select
        merchant.merchant_id,
        (
            select known.week_start
            from mart.kpi_weekly as known
            where
                known.merchant_id = merchant.merchant_id
                and known.kpi = 'return_rate_shrunk'
                and known.version = %(version)s
                and known.week_start <= %(last)s
            order by known.week_start desc
            limit 1
        ) as week_start
    from unnest(%(merchants)s::text[]) as merchant (merchant_id)
),

known as (
    select distinct on (drawn.merchant_id, drawn.category, drawn.sku, drawn.supplier)
        drawn.merchant_id,
        drawn.week_start,
        drawn.category,
        drawn.sku,
        drawn.supplier,
        drawn.value,
        drawn.lo,
        drawn.hi,
        drawn.n
    from newest
    inner join mart.kpi_weekly as drawn
        on newest.merchant_id = drawn.merchant_id and newest.week_start = drawn.week_start
    where
        drawn.kpi = 'return_rate_shrunk'
        and drawn.horizon_days = %(horizon_days)s
        and drawn.version = %(version)s
        and (drawn.sku is not null) = (%(of)s = 'sku')
        and (drawn.category = %(category)s or %(category)s::text is null)
    order by
        drawn.merchant_id asc, drawn.category asc, drawn.sku asc, drawn.supplier asc, drawn.known_on desc
),

-- a resale SKU is its product's
told as (
    select
        known.*,
        product.name
    from known
    left join channel.resale_sku as resale
        on known.merchant_id = resale.merchant_id and known.sku = resale.offer_sku
    left join core.product as product
        on known.merchant_id = product.merchant_id and product.sku = coalesce(resale.sku, known.sku)
    where coalesce(known.supplier, product.supplier) = %(supplier)s or %(supplier)s::text is null
    order by known.lo desc, known.n desc, known.merchant_id asc, known.category asc, known.sku asc, known.supplier asc
    limit %(shown)s
)

select
    told.merchant_id,
    told.week_start,
    told.category,
    told.sku,
    told.supplier,
    told.name,
    told.value::float8 as value,
    told.lo::float8 as lo,
    told.hi::float8 as hi,
    coalesce(sum(week.returned), 0)::integer as returned,
    coalesce(sum(week.sold), 0)::integer as sold
from told
left join lateral (
    select
        round(one.value * one.n) as returned,
        one.n as sold
    from mart.kpi_current as one
    where
        one.merchant_id = told.merchant_id
        and one.category = told.category
        and one.sku = told.sku
        and one.supplier is null
        and one.week_start between told.week_start - 7 * (%(weeks)s - 1) and told.week_start
        and one.kpi = 'return_rate'
        and one.horizon_days = %(horizon_days)s
        and one.version = %(version)s
    union all
    select
        round(one.value * one.n) as returned,
        one.n as sold
    from mart.kpi_current as one
    where
        one.merchant_id = told.merchant_id
        and one.category = told.category
        and one.sku is null
        and one.supplier = told.supplier
        and one.week_start between told.week_start - 7 * (%(weeks)s - 1) and told.week_start
        and one.kpi = 'return_rate'
        and one.horizon_days = %(horizon_days)s
        and one.version = %(version)s
) as week on true
group by
    told.merchant_id, told.week_start, told.category, told.sku, told.supplier, told.name, told.value, told.lo, told.hi,
    told.n
order by told.lo desc, told.n desc, told.merchant_id asc, told.category asc, told.sku asc, told.supplier asc;
