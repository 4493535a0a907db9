-- Units as the desk shows them.
select
    unit.unit_id,
    unit.merchant_id,
    merchant.name as merchant_name,
    coalesce(unit.store_id, placed.store_id) as store_id,
    unit.source,
    source.warehouse,
    unit.state,
    unit.seq,
    unit.unit_label,
    unit.return_order_no,
    unit.order_id,
    placed.code as order_code,
    unit.entry_id,
    unit.sku,
    coalesce(product.name, line.product_name) as product_name,
    coalesce(product.category, line.category, 'unknown') as category,
    line.base_price as price,
    return_case.case_id,
    return_case.application_number as application,
    return_case.return_kind,
    coalesce(unit.stated_reason, return_case.stated_reason, 'unknown') as stated_reason,
    return_case.stated_reason_raw,
    unit.unexpected,
    unit.grade,
    unit.route,
    unit.zone,
    unit.finding,
    unit.cause,
    unit.signs_of_use,
    unit.repaired,
    unit.channel,
    unit.offer_sku,
    unit.worked_by,
    unit.requested_at,
    unit.received_at,
    unit.inspected_at,
    unit.qc_at,
    unit.restocked_at,
    unit.on_sale_at,
    unit.resold_at,
    unit.closed_at,
    unit.previous_unit_id
from unnest(%(unit_ids)s::uuid[]) as asked (unit_id)
inner join ledger.unit on asked.unit_id = unit.unit_id
inner join core.merchant on unit.merchant_id = merchant.merchant_id
left join core.warehouse_source as source on unit.source = source.source
left join core.customer_order as placed on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
left join core.order_line as line on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
left join core.product on unit.merchant_id = product.merchant_id and unit.sku = product.sku
left join core.return_case on unit.case_id = return_case.case_id
order by unit.received_at, unit.unit_id;
