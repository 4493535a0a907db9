-- ledger.unit_event: the staged events, in order; (unit_id, seq) and event_id are unique by constraint.
insert into ledger.unit_event (
    event_id,
    unit_id,
    merchant_id,
    seq,
    type,
    state_from,
    state_to,
    occurred_at,
    recorded_at,
    actor,
    source,
    payload
)
select
    event_id,
    unit_id,
    merchant_id,
    seq,
    type,
    state_from,
    state_to,
    occurred_at,
    recorded_at,
    actor,
    source,
    payload
from stage_unit_event
order by unit_id, seq;
