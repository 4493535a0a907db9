-- Causes of the units received in the newest counted week of each merchant, those nobody inspected yet split by what
-- was said of them.
with newest as (
    select
        merchant.merchant_id,
        (
            select known.week_start
            from mart.cause_share as known
            where known.merchant_id = merchant.merchant_id and known.week_start <= %(last)s
            order by known.week_start desc
            limit 1
        ) as week_start
    from unnest(%(merchants)s::text[]) as merchant (merchant_id)
)

select
    told.merchant_id,
    told.week_start,
    told.cause,
    told.received,
    told.inspected,
    told.stated::float8 as stated,
    told.value::float8 as value,
    told.lo::float8 as lo,
    told.hi::float8 as hi
from newest
inner join mart.cause_share as told
    on newest.merchant_id = told.merchant_id and newest.week_start = told.week_start
order by told.merchant_id asc, told.value desc, told.cause asc;
