-- The open differences of these merchants by kind, now or as they were known at a moment: how many, their money, how
-- many are past their date. With goods chosen those of their units that are in question.
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
    chosen.kind,
    count(*)::integer as differences,
    sum(chosen.money_at_risk)::bigint as money,
    (count(*) filter (where chosen.due_at <= %(now)s))::integer as overdue
from chosen
left join mart.unit_in_question as asked on chosen.unit_id = asked.unit_id and asked.merchant_id = any(%(merchants)s)
where
    (asked.category = %(category)s or %(category)s::text is null)
    and (asked.supplier = %(supplier)s or %(supplier)s::text is null)
group by chosen.kind
order by money desc, chosen.kind asc;
