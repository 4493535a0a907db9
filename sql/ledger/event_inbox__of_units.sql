select
    event_id,
    unit_id,
    merchant_id,
    type,
    occurred_at,
    actor,
    source,
    payload
from ledger.event_inbox
where unit_id = any(%(unit_ids)s)
order by occurred_at, event_id;
