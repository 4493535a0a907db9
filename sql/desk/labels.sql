-- Whose the units are that bear these labels in a warehouse.
select
    unit.unit_label,
    unit.unit_id,
    unit.merchant_id,
    coalesce(unit.store_id, placed.store_id) as store_id
from core.warehouse_source as source
inner join ledger.unit on source.source = unit.source and unit.unit_label = any(%(labels)s::text[])
left join core.customer_order as placed on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
where source.warehouse = %(warehouse)s
order by source.kind = 'desk', unit.unit_id;
