-- No unit with signs of use, or repaired, stands behind a Kaspi offer.
select
    merchant_id,
    unit_id::text as record_key,
    'offer ' || offer_sku || ' would sell a used or repaired unit' as detail
from channel.offered_unit
where
    channel <> 'off_kaspi'
    and (signs_of_use is not false or repaired)
