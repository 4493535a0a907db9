-- channel.addition: the list was taken and a buyer now sees the offer on sale at the price we published.
with published as (
    select
        feed_offer.offer_sku,
        feed_offer.store_id,
        feed_offer.price
    from channel.feed_offer
    where
        feed_offer.merchant_id = %(merchant_id)s
        and feed_offer.version = (
            select max(feed_version.version)
            from channel.feed_version
            where feed_version.merchant_id = %(merchant_id)s and feed_version.status = 'published'
        )
),

shown as (
    select
        seen.offer_sku,
        seen.store_id,
        seen.observed_at
    from channel.observation as seen
    inner join published
        on seen.offer_sku = published.offer_sku and seen.store_id = published.store_id
    where
        seen.merchant_id = %(merchant_id)s
        and seen.observed_at = %(now)s
        and seen.on_sale
        and coalesce(seen.quantity, 1) >= 1
        -- a price that one side does not name contradicts nothing
        and coalesce(published.price, seen.price) is not distinct from coalesce(seen.price, published.price)
)

update channel.addition
set observed_at = shown.observed_at
from shown
where
    addition.merchant_id = %(merchant_id)s
    and addition.offer_sku = shown.offer_sku
    and addition.store_id = shown.store_id
    and addition.channel <> 'off_kaspi'
    and addition.observed_at is null
    and addition.withdrawn_at is null
    and addition.fetched_at <= shown.observed_at;
