-- What a version adds to the merchant's own offers, and what it offers of ours.
select
    offer_sku,
    store_id,
    "position",
    ours,
    added_quantity
from channel.feed_offer
where merchant_id = %(merchant_id)s and version = %(version)s and added_quantity > 0
order by "position", store_id;
