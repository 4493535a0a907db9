-- One unit, for the page of its routes. open: its way is not over.
select
    unit.unit_id,
    unit.merchant_id,
    merchant.name as merchant_name,
    unit.unit_label,
    unit.sku,
    product.name as product_name,
    unit.state,
    unit.grade,
    unit.channel,
    unit.state in ('inspected', 'repacked', 'repaired', 'qc', 'restock_pending', 'on_sale') as open,
    unit.state in ('restock_pending', 'on_sale') as offered
from ledger.unit
inner join core.merchant on unit.merchant_id = merchant.merchant_id
left join core.product as product
    on unit.merchant_id = product.merchant_id and unit.sku = product.sku
where unit.unit_id = %(unit_id)s;
