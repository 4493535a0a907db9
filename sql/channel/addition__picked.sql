-- Units that the warehouse picked for an order although no GET proves their listing: who sold it has seen it on sale.
select
    addition.unit_id,
    addition.decision_seq,
    early.occurred_at as picked_at
from channel.addition as addition
inner join ledger.unit as unit on addition.unit_id = unit.unit_id
inner join ledger.event_inbox as early on addition.unit_id = early.unit_id and early.type = 'resold'
where
    addition.merchant_id = %(merchant_id)s
    and addition.withdrawn_at is null
    and unit.state = 'restock_pending';
