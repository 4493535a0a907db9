-- Inspections of a warehouse that wait for a second look, oldest first. Nothing of what was found.
select
    look.inspection_id,
    look.unit_id,
    look.merchant_id,
    look.first_actor,
    look.drawn_at,
    look.worked_by,
    unit.unit_label,
    unit.sku,
    unit.zone,
    product.name as product_name,
    coalesce(product.category, 'unknown') as category
from core.second_look_open as look
inner join ledger.unit on look.unit_id = unit.unit_id
left join core.product on unit.merchant_id = product.merchant_id and unit.sku = product.sku
where look.warehouse = %(warehouse)s
order by look.drawn_at, look.unit_id;
