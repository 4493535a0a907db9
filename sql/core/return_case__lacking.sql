-- Those of these orders with an open case that asks for more certain pieces than stand for it.
select distinct return_case.order_id
from core.return_case
where
    return_case.merchant_id = %(merchant_id)s
    and return_case.order_id = any(%(order_ids)s)
    and return_case.entry_id is not null
    and return_case.closed_at is null
    and return_case.status <> 'cancelled'
    and return_case.quantity > (
        select count(*)
        from ledger.unit
        where
            unit.case_id = return_case.case_id
            and unit.entry_id = return_case.entry_id
            and unit.state <> 'cancelled'
    )
order by return_case.order_id;
