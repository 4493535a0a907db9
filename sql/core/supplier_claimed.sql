-- core.supplier_claimed: the pieces of a claim that was just made.
insert into core.supplier_claimed (unit_id, claim_id, merchant_id)
select
    unit_id,
    claim_id,
    merchant_id
from core.supplier_claim_unit
where claim_id = %(claim_id)s
order by unit_id;
