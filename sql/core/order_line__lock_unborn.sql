-- A statement of its own: the one that counts the pieces must begin after the locks were got.
select line.entry_id
from core.return_case
inner join core.order_line as line
    on return_case.merchant_id = line.merchant_id and return_case.order_id = line.order_id
where
    return_case.merchant_id = %(merchant_id)s
    and return_case.quantity = 1
    and return_case.closed_at is null
    and return_case.status <> 'cancelled'
    and not exists (
        select 1
        from ledger.unit
        where unit.case_id = return_case.case_id
    )
order by line.entry_id
for update of line;
