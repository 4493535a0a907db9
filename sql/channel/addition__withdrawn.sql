-- channel.addition: a unit that left its offer in the ledger without being sold leaves it here too.
update channel.addition
set withdrawn_at = %(now)s
from ledger.unit as unit
where
    addition.merchant_id = %(merchant_id)s
    and addition.unit_id = unit.unit_id
    and addition.withdrawn_at is null
    and (
        unit.state not in ('restock_pending', 'on_sale', 'resold')
        or exists (
            select 1
            from channel.addition as newer
            where newer.unit_id = addition.unit_id and newer.decision_seq > addition.decision_seq
        )
    );
