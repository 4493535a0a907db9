-- The lines of these orders with Kaspi's codes of their product, and how many units stand for them.
select
    line.order_id,
    line.entry_id,
    line.sku,
    line.quantity,
    array_remove(array[product.master_code, nullif(line.master_code, '')], null) as masters,
    count(unit.unit_id)::integer as live
from core.order_line as line
left join core.product on line.merchant_id = product.merchant_id and line.sku = product.sku
left join ledger.unit
    on line.merchant_id = unit.merchant_id and line.entry_id = unit.entry_id and unit.state <> 'cancelled'
where line.merchant_id = %(merchant_id)s and line.order_id = any(%(order_ids)s)
group by
    line.order_id, line.entry_id, line.entry_number, line.sku, line.quantity, line.master_code, product.master_code
order by line.order_id, line.entry_number, line.entry_id;
