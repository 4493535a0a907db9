-- channel.addition: a unit that left its offer in the ledger without being sold leaves it here too; so does a decision
-- that was taken back or made anew.
update channel.addition
set withdrawn_at = %(now)s
from ledger.unit as unit
where
    addition.merchant_id = %(merchant_id)s
    and addition.unit_id = unit.unit_id
    and addition.withdrawn_at is null
    and (
        unit.state not in ('restock_pending', 'on_sale', 'resold')
        or (
            unit.state <> 'resold'
            and addition.decision_seq < (
                select max(decided.seq)
                from ledger.effective_event as decided
                where decided.unit_id = addition.unit_id and decided.type = 'restock_pending'
            )
        )
    );
