-- Units of these merchants that wait in a warehouse in one of these states, with what waiting costs them. Where a route
-- is named, only those of it; of checked ones only those that do not lie in the stock yet.
select
    unit.unit_id,
    unit.merchant_id,
    unit.state,
    unit.route,
    zone.purpose as zone_purpose,
    coalesce(unit.resale_price, line.base_price) as price,
    unit.received_at,
    moved.occurred_at as waiting_since,
    -- who comes back by an application waits for the merchant's decision
    return_case.return_kind = 'customer_return'
    and return_case.closed_at is null
    and return_case.status not in ('decided', 'closed', 'dispute') as decision_owed,
    case when application.step = 'BACKWARD_DELIVERY_BY_KASPI_FINISHED' then application.step_at end as arrived_at,
    claim.due_at as claim_due_at,
    claim.amount as claim_amount
from core.warehouse_source as source
inner join ledger.unit on source.source = unit.source
left join ledger.unit_event as moved on unit.unit_id = moved.unit_id and unit.seq = moved.seq
left join core.zone on source.warehouse = zone.warehouse and unit.zone = zone.zone
left join core.order_line as line on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
left join core.return_case on unit.case_id = return_case.case_id
left join core.application on return_case.case_id = application.case_id
left join core.claim on unit.unit_id = claim.unit_id and claim.status in ('draft', 'ready')
where
    source.warehouse = %(warehouse)s
    and unit.merchant_id = any(%(merchant_ids)s::text[])
    and unit.received_at is not null
    and unit.closed_at is null
    and unit.state = any(%(states)s::text[]);
