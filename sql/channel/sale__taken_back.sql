-- channel.sale: a sale whose event was voided in the ledger is none; its unit may be sold again.
with mistaken as (
    select unit.unit_id
    from ledger.unit
    where
        unit.merchant_id = %(merchant_id)s
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
        )
)

update channel.sale
set
    state = 'freed',
    freed_at = %(now)s
from mistaken
where sale.merchant_id = %(merchant_id)s and sale.unit_id = mistaken.unit_id and sale.state = 'sold';
