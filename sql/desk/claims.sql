select
    claim_id,
    tier,
    amount,
    due_at,
    status,
    paid_at
from mart.claim
where unit_id = %(unit_id)s;
