-- The lines of these orders, how far their pieces are numbered, and how many pieces of the order are here without a
-- line.
select
    line.order_id,
    line.entry_id,
    line.sku,
    line.quantity,
    line.base_price,
    coalesce(max(unit.piece), 0) as born,
    (
        select count(*)
        from ledger.unit as loose
        where loose.merchant_id = line.merchant_id and loose.order_id = line.order_id and loose.entry_id is null
    ) as unplaced
from core.order_line as line
left join ledger.unit on line.merchant_id = unit.merchant_id and line.entry_id = unit.entry_id
where line.merchant_id = %(merchant_id)s and line.order_id = any(%(order_ids)s)
group by
    line.merchant_id, line.order_id, line.entry_id, line.entry_number, line.sku, line.quantity, line.base_price
order by line.order_id, line.entry_number;
