-- Pieces of customers' returns received in the two windows by what was wrong with them.
select
    coalesce(product.category, 'unknown') as category,
    coalesce(product.supplier, 'unknown') as supplier,
    coalesce(product.batch, 'unknown') as batch,
    unit.received_at >= %(recent_from)s as recent,
    unit.cause,
    count(*)::integer as units
from ledger.unit as unit
inner join core.return_case as return_case on unit.case_id = return_case.case_id
left join core.product as product
    on unit.merchant_id = product.merchant_id and unit.sku = product.sku
where
    unit.merchant_id = %(merchant_id)s
    and unit.cause is not null
    and unit.cause <> 'unknown'
    and return_case.return_kind = 'customer_return'
    and unit.received_at >= %(before_from)s
    and unit.received_at < %(recent_to)s
group by 1, 2, 3, 4, 5;
