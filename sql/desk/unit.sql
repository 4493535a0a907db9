-- Units as the desk shows them. Two names are looked up beside the join: with nine tables in it the planner weighs
-- their orders for longer than the answer takes.
select
    unit.unit_id,
    unit.merchant_id,
    (
        select merchant.name
        from core.merchant
        where merchant.merchant_id = unit.merchant_id
    ) as merchant_name,
    coalesce(unit.store_id, placed.store_id) as store_id,
    unit.source,
    (
        select source.warehouse
        from core.warehouse_source as source
        where source.source = unit.source
    ) as warehouse,
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
from ledger.unit
left join core.customer_order as placed on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
left join core.order_line as line on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
left join core.product on unit.merchant_id = product.merchant_id and unit.sku = product.sku
left join core.return_case on unit.case_id = return_case.case_id
where unit.unit_id = any(%(unit_ids)s::uuid[])
order by unit.received_at, unit.unit_id;
