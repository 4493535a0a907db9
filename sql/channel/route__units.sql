-- Units whose routes are compared, with all that policy, price and costs need.
select
    told.unit_id,
    told.merchant_id,
    told.seq,
    told.state,
    told.sku,
    told.warehouse,
    told.grade,
    told.route,
    told.finding,
    told.signs_of_use,
    told.repaired,
    told.packaging_intact,
    told.repacked,
    told.main_price,
    told.ruled_route,
    unit.channel,
    unit.received_at,
    coalesce(product.category, 'unknown') as category,
    spent.repair + spent.parts as repair,
    spent.packaging,
    -- a unit of which nothing is booked was handled all the same
    case
        when
            exists (
                select 1
                from core.unit_cost
                where unit_cost.unit_id = told.unit_id and unit_cost.term in ('receiving', 'inspection')
            )
            then spent.receiving + spent.inspection
    end as handling
from channel.unit_condition as told
inner join ledger.unit as unit on told.unit_id = unit.unit_id
left join core.product as product
    on told.merchant_id = product.merchant_id and told.sku = product.sku
cross join lateral core.booked_costs(told.unit_id) as spent
where told.unit_id = any(%(unit_ids)s::uuid[])
order by told.merchant_id, told.unit_id;
