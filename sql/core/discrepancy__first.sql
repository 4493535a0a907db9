-- core.discrepancy: the cases of a merchant's first look; there are none of these kinds yet.
insert into core.discrepancy (
    discrepancy_id, merchant_id, case_id, unit_id, order_code, kind, subject, opened_at, found_at, due_at,
    money_at_risk, owner, status
)
select
    md5(rule.kind || '/' || unit.merchant_id || '/' || unit.unit_id)::uuid,
    unit.merchant_id,
    unit.case_id,
    unit.unit_id,
    placed.code,
    rule.kind,
    coalesce(unit.unit_label, unit.unit_id::text),
    found.since,
    %(now)s::timestamptz,
    case
        when rule.days is null then unit.requested_at + %(lost)s
        else %(now)s::timestamptz + make_interval(days => rule.days)
    end,
    -- of what is here and more than was asked for, nothing can be lost
    case when rule.kind in ('over', 'no_request') then 0 else coalesce(line.base_price, product.cost, 0) end,
    rule.owner,
    'open'
from core.unit_verdict as found
inner join unnest(%(kinds)s::text[], %(owners)s::text[], %(days)s::integer[]) as rule (kind, owner, days)
    on found.verdict = rule.kind
inner join ledger.unit on found.unit_id = unit.unit_id
left join core.customer_order as placed on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
left join core.order_line as line on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
left join core.product on unit.merchant_id = product.merchant_id and unit.sku = product.sku
where found.merchant_id = %(merchant_id)s and found.verdict = any(%(kinds)s::text[]) and not found.settled;
