-- channel.sale: a sale whose event was voided in the ledger is none; its unit may be sold again.
update channel.sale
set
    state = 'freed',
    freed_at = %(now)s
from ledger.unit
where
    sale.merchant_id = %(merchant_id)s
    and sale.state = 'sold'
    and sale.unit_id = unit.unit_id
    and unit.merchant_id = %(merchant_id)s
    and unit.state in ('restock_pending', 'on_sale')
    and exists (
        select 1
        from ledger.unit_event as booked
        where booked.unit_id = unit.unit_id and booked.type = 'resold'
    )
    and not exists (
        select 1
        from ledger.effective_event as counts
        where counts.unit_id = unit.unit_id and counts.type = 'resold'
    );
