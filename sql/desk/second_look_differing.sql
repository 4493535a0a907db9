-- The newest second looks that differ from the first ones, with the piece they were at.
select
    pair.unit_id,
    pair.first_actor,
    pair.second_actor,
    pair.second_at,
    pair.first_grade,
    pair.second_grade,
    pair.first_finding,
    pair.second_finding,
    pair.first_route,
    pair.second_route,
    unit.unit_label,
    unit.sku,
    coalesce(product.name, line.product_name) as product_name
from core.second_look_pair as pair
inner join ledger.unit on pair.unit_id = unit.unit_id
left join core.product on unit.merchant_id = product.merchant_id and unit.sku = product.sku
left join core.order_line as line on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
where pair.differs and pair.merchant_id = any(%(merchant_ids)s)
order by pair.second_at desc, pair.inspection_id asc
limit %(shown)s;
