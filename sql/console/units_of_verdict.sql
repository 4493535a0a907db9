-- The units behind a number of verdicts, the newest first.
select
    unit.unit_id,
    unit.merchant_id,
    unit.unit_label,
    unit.sku,
    unit.state,
    unit.requested_at,
    unit.received_at,
    found.since,
    placed.code as order_code,
    coalesce(product.name, line.product_name) as product_name,
    case_of.discrepancy_id
from core.unit_verdict as found
inner join ledger.unit on found.unit_id = unit.unit_id
left join core.customer_order as placed on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
left join core.order_line as line on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
left join core.product on unit.merchant_id = product.merchant_id and unit.sku = product.sku
left join core.discrepancy as case_of
    on case_of.discrepancy_id = md5(found.verdict || '/' || found.merchant_id || '/' || found.unit_id)::uuid
where found.merchant_id = any(%(merchants)s) and found.verdict = %(verdict)s
order by found.since desc nulls last, found.unit_id asc
limit %(shown)s offset %(passed)s;
