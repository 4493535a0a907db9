-- The five kinds add up to all that comes back: every unit has a case, and so a kind, but an unexpected one and one
-- whose birth was a mistake.
select
    unit.merchant_id,
    unit.unit_id as record_key,
    'a unit in state ' || unit.state || ' has no case and so no return kind' as detail
from ledger.unit
left join core.return_case on unit.case_id = return_case.case_id
where
    return_case.case_id is null
    and not unit.unexpected
    and not (unit.state = 'cancelled' and unit.requested_at is null and unit.received_at is null)
