-- What is booked of a unit, in the order of its life.
select
    cost.term,
    cost.code,
    cost.kind,
    cost.amount,
    cost.rate_version,
    cost.minutes,
    cost.detail,
    cost.booked_at,
    event.type,
    event.occurred_at
from core.unit_cost as cost
inner join ledger.unit_event as event on cost.event_id = event.event_id
where cost.unit_id = %(unit_id)s
order by event.seq, cost.term, cost.code, cost.kind;
