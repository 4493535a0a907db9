-- Units on an offer that somebody works on again: what he told waits until they are withdrawn. The first of it.
select distinct on (addition.unit_id)
    addition.unit_id,
    addition.decision_seq,
    early.type,
    early.occurred_at,
    early.actor
from channel.addition as addition
inner join ledger.unit as unit on addition.unit_id = unit.unit_id
inner join ledger.event_inbox as early on addition.unit_id = early.unit_id
where
    addition.merchant_id = %(merchant_id)s
    and addition.withdrawn_at is null
    and unit.state in ('restock_pending', 'on_sale')
    and early.type = any(ledger.off_the_shelf())
order by addition.unit_id, early.occurred_at, early.event_id;
