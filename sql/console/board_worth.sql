-- What stated reasons are worth, by the newest week that says it of each merchant.
with newest as (
    select
        merchant.merchant_id,
        (
            select known.week_start
            from mart.reason_worth as known
            where known.merchant_id = merchant.merchant_id and known.week_start <= %(last)s
            order by known.week_start desc
            limit 1
        ) as week_start
    from unnest(%(merchants)s::text[]) as merchant (merchant_id)
)

select
    worth.merchant_id,
    worth.week_start,
    worth.reason,
    worth.inspected,
    worth.confirmed,
    worth.share::float8 as share,
    worth.lo::float8 as lo,
    worth.hi::float8 as hi
from newest
inner join mart.reason_worth as worth
    on newest.merchant_id = worth.merchant_id and newest.week_start = worth.week_start
order by worth.reason = 'unknown' asc, worth.reason asc, worth.merchant_id asc;
