-- Received units are the distinct accepted scans of the dock, no more and no less.
with scans as (
    select
        merchant_id,
        count(*) as accepted
    from core.warehouse_event
    where type = 'received' and outcome = 'booked'
    group by merchant_id
)

select
    coalesce(units.merchant_id, scans.merchant_id) as merchant_id,
    'received' as record_key,
    coalesce(units.received, 0) || ' units received, ' || coalesce(scans.accepted, 0) || ' scans accepted' as detail
from (
    select
        merchant_id,
        count(*) as received
    from ledger.unit
    where received_at is not null
    group by merchant_id
) as units
full join scans
    on units.merchant_id = scans.merchant_id
where coalesce(units.received, 0) <> coalesce(scans.accepted, 0)
