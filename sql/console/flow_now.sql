-- Where the units stand now, and how many have ever come to each stage; merchant_id NULL is the whole house.
select
    count(*)::integer as known,
    count(*) filter (where requested_at is not null)::integer as requested,
    count(*) filter (where state in ('requested', 'in_transit', 'at_pickup_point'))::integer as expected,
    count(*) filter (where state in ('received', 'unexpected', 'wrong_item'))::integer as to_inspect,
    count(*) filter (where state in ('inspected', 'repacked', 'in_repair', 'repaired'))::integer as in_work,
    count(*) filter (where state = 'unrecoverable')::integer as unrecoverable,
    count(*) filter (where state in ('qc', 'restock_pending'))::integer as to_list,
    count(*) filter (where state = 'on_sale')::integer as on_sale,
    count(*) filter (where state = 'resold')::integer as resold,
    count(*) filter (where state in ('written_off', 'to_supplier', 'disposed', 'returned_to_buyer'))::integer
        as ended_otherwise,
    count(*) filter (where state = 'lost')::integer as lost,
    count(*) filter (where received_at is not null)::integer as received,
    count(*) filter (where inspected_at is not null)::integer as inspected
from ledger.unit
where merchant_id = %(merchant_id)s or %(merchant_id)s is null;
