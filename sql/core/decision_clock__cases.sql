-- Customers' returns whose decision may be owed: what arrived lately by Kaspi's word or by our scan, and what runs.
with candidate as (
    select unit.case_id
    from ledger.unit_event as event
    inner join ledger.unit on event.unit_id = unit.unit_id
    where
        event.merchant_id = %(merchant_id)s
        and event.recorded_at >= %(scanned_since)s
        and event.type in ('received', 'adopted')
        and unit.received_at >= %(scanned_since)s
        and unit.case_id is not null
    union
    select return_case.case_id
    from core.return_case
    where return_case.merchant_id = %(merchant_id)s and return_case.arrived_at >= %(arrived_since)s
    union
    select decision_clock.case_id
    from core.decision_clock
    where decision_clock.merchant_id = %(merchant_id)s and decision_clock.settled_at is null
)

select
    return_case.case_id,
    return_case.arrived_at,
    min(unit.received_at) as scanned_at,
    return_case.return_kind = 'customer_return'
    and return_case.status in ('received', 'waiting_decision') as owed,
    known.case_id is not null as known
from candidate
inner join core.return_case on candidate.case_id = return_case.case_id
left join ledger.unit on return_case.case_id = unit.case_id and unit.received_at is not null
left join core.decision_clock as known on return_case.case_id = known.case_id
group by return_case.case_id, known.case_id
order by return_case.case_id;
