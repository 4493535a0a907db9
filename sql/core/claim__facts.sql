-- What the claims of these units are judged by, and how they stand.
select
    facts.*,
    claim.claim_id,
    claim.seq,
    claim.status,
    claim.tier,
    claim.amount,
    claim.due_at,
    claim.why,
    claim.missing,
    claim.notes,
    claim.lost_because
from core.claim_facts as facts
left join core.claim as claim on facts.unit_id = claim.unit_id
where facts.unit_id = any(%(unit_ids)s)
order by facts.unit_id;
