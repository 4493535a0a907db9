-- What a merchant owes an answer to: decisions whose clock runs, and claims that nobody has sent yet or that ran out.
select
    'case/' || clock.case_id as subject,
    'decision' as what,
    placed.code as order_code,
    null::bigint as amount,
    clock.due_at
from core.decision_clock as clock
inner join core.return_case on clock.case_id = return_case.case_id
inner join core.customer_order as placed
    on return_case.merchant_id = placed.merchant_id and return_case.order_id = placed.order_id
where clock.merchant_id = %(merchant_id)s and clock.settled_at is null
union all
select
    'claim/' || claim.claim_id,
    'claim',
    placed.code,
    claim.amount,
    claim.due_at
from mart.claim as claim
inner join ledger.unit on claim.unit_id = unit.unit_id
left join core.customer_order as placed
    on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
where
    claim.merchant_id = %(merchant_id)s
    and claim.status in ('draft', 'ready', 'expired')
    and claim.due_at >= %(since)s;
