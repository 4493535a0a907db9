-- Open discrepancies, those past their deadline first, then those with most money.
select
    merchant_id,
    kind,
    order_code,
    subject,
    opened_at,
    due_at,
    money_at_risk,
    owner,
    coalesce(due_at <= %(now)s, false) as overdue
from core.discrepancy
where
    status = 'open'
    and (merchant_id = %(merchant_id)s or %(merchant_id)s is null)
order by overdue desc, money_at_risk desc, opened_at asc
limit %(shown)s;
