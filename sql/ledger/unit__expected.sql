-- Everything that may still come: what is open first, then oldest first; lost and cancelled units come after all
-- now and then. A cancelled one is a piece that its application does not ask for any more.
select
    unit.unit_id,
    unit.order_id,
    unit.entry_id,
    unit.sku,
    unit.case_id,
    unit.state not in ('lost', 'cancelled') as open,
    case when unit.state <> 'cancelled' then return_case.application_number end as application
from ledger.unit
left join core.return_case on unit.case_id = return_case.case_id
where
    unit.merchant_id = %(merchant_id)s
    and unit.state in ('requested', 'in_transit', 'at_pickup_point', 'lost', 'cancelled')
order by unit.state in ('lost', 'cancelled'), unit.requested_at, unit.unit_id;
