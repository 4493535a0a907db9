-- The units on an offer that has been published, since when, and since when they lie on the shelf.
select
    unit_id,
    offer_sku,
    store_id,
    published_at as since,
    coalesce(qc_at, decided_at) as ready_at
from channel.offered_unit
where merchant_id = %(merchant_id)s and channel <> 'off_kaspi' and published_at is not null;
