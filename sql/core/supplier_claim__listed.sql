-- The newest claims to the suppliers of these merchants, or to one of them, that have none of the hidden pieces.
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
where
    merchant_id = any(%(merchants)s)
    and (%(supplier)s::text is null or supplier = %(supplier)s)
    and claim_id not in (
        select claim_id
        from core.supplier_claim_unit
        where unit_id = any(%(hidden)s::uuid[])
    )
order by made_at desc, claim_id asc
limit %(shown)s;
