-- What waits for these units, or under one of these ids, locked: nobody expires it meanwhile.
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
where unit_id = any(%(unit_ids)s::uuid[]) or event_id = any(%(event_ids)s::uuid[])
order by occurred_at, event_id
for update;
