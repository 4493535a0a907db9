select
    seq,
    status,
    tier,
    amount,
    due_at,
    missing,
    happened_at,
    money,
    lost_because,
    note,
    actor,
    recorded_at
from core.claim_event
where claim_id = %(claim_id)s
order by seq;
