-- Everything that may still come, oldest first; lost and cancelled units come after all now and then.
select
    unit_id,
    order_id,
    entry_id,
    sku,
    case_id
from ledger.unit
where merchant_id = %(merchant_id)s and state in ('requested', 'in_transit', 'at_pickup_point', 'lost', 'cancelled')
order by requested_at, unit_id;
