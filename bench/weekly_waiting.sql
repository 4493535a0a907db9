-- One piece of each merchant, of the newest week of receipts, waits to be on sale again.
update ledger.unit
set
    state = 'restock_pending',
    seq = seq + 1,
    on_sale_at = null,
    resold_at = null,
    closed_at = null
where
    unit_id in (
        select distinct on (newest.merchant_id) newest.unit_id
        from ledger.unit as newest
        where newest.state = 'on_sale'
        order by newest.merchant_id asc, newest.received_at desc, newest.unit_id asc
    );
