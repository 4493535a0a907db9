-- core.discrepancy: the cases of a merchant's first look; there are none of these kinds yet.
with found as materialized (
    select
        unit_id,
        verdict,
        since,
        array_position(%(kinds)s::text[], verdict) as rule -- the kind's place among the kinds
    from core.unit_verdict
    where merchant_id = %(merchant_id)s and verdict = any(%(kinds)s::text[]) and not settled
)

insert into core.discrepancy (
    discrepancy_id, merchant_id, case_id, unit_id, order_code, kind, subject, opened_at, found_at, due_at,
    money_at_risk, owner, status
)
select
    md5(found.verdict || '/' || unit.merchant_id || '/' || unit.unit_id)::uuid,
    unit.merchant_id,
    unit.case_id,
    unit.unit_id,
    placed.code,
    found.verdict,
    coalesce(unit.unit_label, unit.unit_id::text),
    found.since,
    %(now)s::timestamptz,
    coalesce((%(dues)s::timestamptz[])[found.rule], unit.requested_at + %(lost)s),
    -- of what is here and more than was asked for, nothing can be lost
    case when found.verdict in ('over', 'no_request') then 0 else coalesce(line.base_price, product.cost, 0) end,
    (%(owners)s::text[])[found.rule],
    'open'
from found
inner join ledger.unit on found.unit_id = unit.unit_id
left join core.customer_order as placed on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
left join core.order_line as line on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
left join core.product on unit.merchant_id = product.merchant_id and unit.sku = product.sku;
