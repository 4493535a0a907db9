-- What a unit can still bring: its price, grade, route, and what was spent on it so far.
select
    unit.unit_id,
    unit.merchant_id,
    unit.grade,
    unit.route,
    unit.signs_of_use,
    unit.repaired,
    unit.state,
    store.warehouse,
    coalesce(listed.price, line.base_price) as main_price,
    coalesce(spent.amount, 0)::bigint as spent
from ledger.unit
left join core.store as store
    on unit.merchant_id = store.merchant_id and unit.store_id = store.store_id
left join core.order_line as line
    on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
left join lateral (
    select offer.price
    from channel.base_offer as offer
    where offer.merchant_id = unit.merchant_id and offer.sku = unit.sku and offer.price is not null
    order by offer.base_version desc, offer.position asc
    limit 1
) as listed on true
left join lateral (
    select sum(cost.amount) as amount
    from core.unit_cost as cost
    where cost.unit_id = unit.unit_id
) as spent on true
where unit.unit_id = %(unit_id)s;
