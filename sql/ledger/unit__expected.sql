-- Everything that may still come: what is open first, then oldest first; lost and cancelled units come after all
-- now and then.
select
    unit_id,
    order_id,
    entry_id,
    sku,
    case_id,
    state not in ('lost', 'cancelled') as open
from ledger.unit
where merchant_id = %(merchant_id)s and state in ('requested', 'in_transit', 'at_pickup_point', 'lost', 'cancelled')
order by state in ('lost', 'cancelled'), requested_at, unit_id;
