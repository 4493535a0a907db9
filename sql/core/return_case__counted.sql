-- A case expects at least what has come, and is received once something has.
update core.return_case
set
    units_lo = least(return_case.units_hi, greatest(return_case.units_lo, came.units)),
    status
    = case when return_case.status in ('signalled', 'applied', 'lost') then 'received' else return_case.status end
from (
    select
        unit.case_id,
        count(*)::integer as units
    from ledger.unit
    where unit.merchant_id = %(merchant_id)s and unit.received_at is not null and unit.case_id = any(%(case_ids)s)
    group by unit.case_id
) as came
where
    return_case.case_id = came.case_id
    and (
        return_case.units_lo < least(return_case.units_hi, came.units)
        or return_case.status in ('signalled', 'applied', 'lost')
    );
