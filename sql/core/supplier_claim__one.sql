-- A claim to a supplier as it was made, and whether it is live.
select
    claim.claim_id,
    claim.merchant_id,
    claim.supplier,
    claim.units,
    claim.amount,
    claim.content,
    claim.digest,
    claim.actor,
    claim.made_at,
    merchant.name as merchant_name,
    withdrawn.reason as withdrawn_reason,
    withdrawn.actor as withdrawn_by,
    withdrawn.at as withdrawn_at
from core.supplier_claim as claim
inner join core.merchant on claim.merchant_id = merchant.merchant_id
left join core.supplier_claim_withdrawn as withdrawn on claim.claim_id = withdrawn.claim_id
where claim.claim_id = %(claim_id)s;
