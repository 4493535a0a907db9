-- channel.addition: the list was taken and a buyer now sees the offer on sale at the price we published.
with newest as (
    select max(version) as version
    from channel.feed_version
    where merchant_id = %(merchant_id)s and status = 'published'
)

update channel.addition
set observed_at = seen.observed_at
from channel.observation as seen, newest
where
    addition.merchant_id = %(merchant_id)s
    and addition.merchant_id = seen.merchant_id
    and addition.offer_sku = seen.offer_sku
    and addition.store_id = seen.store_id
    and seen.observed_at = %(now)s
    and addition.channel <> 'off_kaspi'
    and addition.observed_at is null
    and addition.withdrawn_at is null
    and addition.fetched_at <= seen.observed_at
    and seen.on_sale
    and coalesce(seen.quantity, 1) >= 1
    and exists (
        select 1
        from channel.feed_offer as published
        where
            published.merchant_id = addition.merchant_id
            and published.version = newest.version
            and published.offer_sku = addition.offer_sku
            and published.store_id = addition.store_id
            and coalesce(published.price, seen.price) is not distinct from coalesce(seen.price, published.price)
    );
