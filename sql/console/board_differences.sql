-- Open differences by kind: how many, their money, the oldest, the deadlines. With goods chosen those of their units.
select
    found.kind,
    found.owner,
    count(*)::bigint as differences,
    coalesce(sum(found.money_at_risk), 0)::bigint as money,
    min(found.opened_at) as oldest,
    min(found.due_at) filter (where found.due_at > %(now)s) as next_due,
    count(*) filter (where found.due_at <= %(now)s)::bigint as overdue,
    coalesce(sum(found.money_at_risk) filter (where found.due_at <= %(now)s), 0)::bigint as overdue_money
from mart.discrepancy as found
left join mart.unit_in_question as asked on found.unit_id = asked.unit_id and asked.merchant_id = any(%(merchants)s)
where
    found.merchant_id = any(%(merchants)s)
    and found.status = 'open'
    and (asked.category = %(category)s or %(category)s::text is null)
    and (asked.supplier = %(supplier)s or %(supplier)s::text is null)
group by found.kind, found.owner
order by money desc, found.kind asc, found.owner asc;
