-- Open discrepancies by kind, those with most money first.
select
    kind,
    count(*)::integer as count,
    sum(money_at_risk)::bigint as money,
    min(due_at) filter (where due_at > %(now)s) as next_due,
    count(*) filter (where due_at <= %(now)s)::integer as overdue
from core.discrepancy
where
    status = 'open'
    and opened_at <= %(now)s
    and (merchant_id = %(merchant_id)s or %(merchant_id)s is null)
group by kind
order by money desc, kind asc;
