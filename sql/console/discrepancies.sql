-- Open discrepancies, at most so many of each kind: those past their deadline first, then those with most money.
with placed as (
    select
        merchant_id,
        kind,
        order_code,
        subject,
        opened_at,
        due_at,
        money_at_risk,
        coalesce(due_at <= %(now)s, false) as overdue,
        row_number() over (
            partition by kind
            order by coalesce(due_at <= %(now)s, false) desc, money_at_risk desc, opened_at asc
        ) as place
    from core.discrepancy
    where
        status = 'open'
        and opened_at <= %(now)s
        and (merchant_id = %(merchant_id)s or %(merchant_id)s is null)
)

select
    merchant_id,
    kind,
    order_code,
    subject,
    opened_at,
    due_at,
    money_at_risk,
    overdue
from placed
where place <= %(shown)s
order by kind asc, place asc;
