-- channel.addition: the list was taken and a buyer then saw the offer on sale at the price that was published. Looks
-- that a person took come late: each is compared with the list that was in force when he looked.
with shown as (
    select
        seen.offer_sku,
        seen.store_id,
        seen.observed_at
    from channel.observation as seen
    inner join lateral (
        select max(feed_version.version) as version
        from channel.feed_version
        where
            feed_version.merchant_id = seen.merchant_id
            and feed_version.status = 'published'
            and feed_version.published_at <= seen.observed_at
    ) as in_force on true
    inner join channel.feed_offer as published
        on
            seen.merchant_id = published.merchant_id
            and in_force.version = published.version
            and seen.offer_sku = published.offer_sku
            and seen.store_id = published.store_id
    where
        seen.merchant_id = %(merchant_id)s
        and seen.observed_at <= %(now)s
        and (seen.observed_at = %(now)s or seen.source <> 'observer')
        and seen.on_sale
        and coalesce(seen.quantity, 1) >= 1
        -- a price that one side does not name contradicts nothing
        and coalesce(published.price, seen.price) is not distinct from coalesce(seen.price, published.price)
),

first_look as (
    select
        addition.unit_id,
        addition.decision_seq,
        min(shown.observed_at) as observed_at
    from channel.addition as addition
    inner join shown
        on
            addition.offer_sku = shown.offer_sku
            and addition.store_id = shown.store_id
            and addition.fetched_at <= shown.observed_at
    where
        addition.merchant_id = %(merchant_id)s
        and addition.channel <> 'off_kaspi'
        and addition.observed_at is null
        and addition.withdrawn_at is null
    group by addition.unit_id, addition.decision_seq
)

update channel.addition
set observed_at = first_look.observed_at
from first_look
where addition.unit_id = first_look.unit_id and addition.decision_seq = first_look.decision_seq;
