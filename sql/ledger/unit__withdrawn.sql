select
    unit.unit_id,
    unit.case_id
from ledger.unit
inner join core.return_case on unit.case_id = return_case.case_id
where
    unit.merchant_id = %(merchant_id)s
    and unit.state in ('requested', 'in_transit', 'at_pickup_point')
    and return_case.status = 'cancelled'
order by unit.unit_id;
