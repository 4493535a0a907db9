select
    event_id,
    unit_id,
    merchant_id,
    type,
    occurred_at,
    actor,
    source,
    payload
from ledger.unit_event
where unit_id = any(%(unit_ids)s::uuid[])
order by unit_id, seq;
