-- core.supplier_claim_withdrawn: a claim is live no more; nothing where it was withdrawn already. Its pieces are free.
with said as (
    insert into core.supplier_claim_withdrawn (claim_id, merchant_id, reason, actor, at)
    select
        claim_id,
        merchant_id,
        %(reason)s,
        %(actor)s,
        %(now)s
    from core.supplier_claim
    where claim_id = %(claim_id)s
    on conflict (claim_id) do nothing
    returning claim_id
)

delete from core.supplier_claimed
using said
where supplier_claimed.claim_id = said.claim_id;
