-- The newest claims to the suppliers of these merchants, or to one of them.
select
    claim_id,
    merchant_id,
    supplier,
    units,
    amount,
    actor,
    made_at,
    status
from mart.supplier_claim
where merchant_id = any(%(merchants)s) and (%(supplier)s::text is null or supplier = %(supplier)s)
order by made_at desc, claim_id asc
limit %(shown)s;
