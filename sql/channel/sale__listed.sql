-- The units on an offer that has been published, and since when.
select
    unit_id,
    offer_sku,
    store_id,
    published_at as since
from channel.offered_unit
where merchant_id = %(merchant_id)s and channel <> 'off_kaspi' and published_at is not null;
