-- core.supplier_claim: one claim with its pieces; nothing where it is there already.
with made as (
    insert into core.supplier_claim (
        claim_id, merchant_id, supplier, units, amount, content, digest, actor, made_at
    ) values (
        %(claim_id)s,
        %(merchant_id)s,
        %(supplier)s,
        cardinality(%(unit_ids)s::uuid[]),
        %(amount)s,
        %(content)s,
        %(digest)s,
        %(actor)s,
        %(now)s
    )
    on conflict (claim_id) do nothing
    returning claim_id, merchant_id
)

insert into core.supplier_claim_unit (claim_id, unit_id, merchant_id, cost)
select
    made.claim_id,
    piece.unit_id,
    made.merchant_id,
    piece.cost
from made
cross join unnest(%(unit_ids)s::uuid[], %(costs)s::bigint[]) as piece (unit_id, cost);
