-- Used or repaired goods are never a Kaspi offer; the table refuses them, this looks again.
select
    merchant_id,
    unit_id as record_key,
    'channel ' || channel || ', signs of use ' || coalesce(signs_of_use::text, 'unknown') || ', repaired ' || repaired
        as detail
from ledger.unit
where channel in ('main', 'resale') and (signs_of_use is not false or repaired)
