-- The open differences of these merchants by kind, now or as they were known at a moment: how many, their money, how
-- many are past their date.
with chosen as (
    select *
    from core.discrepancy
    where merchant_id = any(%(merchants)s) and status = 'open' and %(known_at)s::timestamptz is null
    union all
    select *
    from core.differences_known(%(merchants)s, %(known_at)s)
    where %(known_at)s::timestamptz is not null
)

select
    kind,
    count(*)::integer as differences,
    sum(money_at_risk)::bigint as money,
    (count(*) filter (where due_at <= %(now)s))::integer as overdue
from chosen
group by kind
order by money desc, kind asc;
