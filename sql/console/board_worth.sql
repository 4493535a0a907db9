-- What stated reasons are worth, by the newest week that says it of each merchant.
select
    worth.merchant_id,
    worth.reason,
    worth.inspected,
    worth.confirmed,
    worth.share::float8 as share,
    worth.lo::float8 as lo,
    worth.hi::float8 as hi
from mart.reason_worth as worth
where
    worth.merchant_id = any(%(merchants)s)
    and worth.week_start = (
        select max(newest.week_start)
        from mart.reason_worth as newest
        where newest.merchant_id = worth.merchant_id and newest.week_start <= %(last)s
    )
order by worth.reason = 'unknown' asc, worth.reason asc, worth.merchant_id asc;
