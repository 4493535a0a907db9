-- A list that goes out in doubt raises no count of the served one, drops no offer of the merchant's, changes no price.
with doubtful as (
    select
        staged.merchant_id,
        staged.version,
        served.version as served
    from channel.batch_feed_version as staged
    inner join lateral (
        select max(published.version) as version
        from channel.feed_version as published
        where published.merchant_id = staged.merchant_id and published.status = 'published'
    ) as served on true
    where staged.cautious
)

select
    doubtful.merchant_id,
    coalesce(offer.offer_sku, was.offer_sku) as record_key,
    'served ' || coalesce(was.quantity::text, 'without a count') || ' for ' || coalesce(was.price::text, 'no price')
    || ', now ' || case
        when offer.offer_sku is null then 'gone'
        else coalesce(offer.quantity::text, 'without a count') || ' for ' || coalesce(offer.price::text, 'no price')
    end as detail
from doubtful
inner join channel.feed_offer as was
    on doubtful.merchant_id = was.merchant_id and doubtful.served = was.version and not was.ours
left join channel.feed_offer as offer
    on
        doubtful.merchant_id = offer.merchant_id
        and doubtful.version = offer.version
        and was.position = offer.position
        and was.store_id = offer.store_id
where
    was.offer_sku is distinct from offer.offer_sku
    or was.price is distinct from offer.price
    or offer.quantity > was.quantity
    or (offer.quantity is null and was.quantity is not null)
    or (offer.available and not was.available)
union all
select
    doubtful.merchant_id,
    offer.offer_sku,
    'an offer of ours has ' || offer.quantity || ', served ' || coalesce(was.quantity, 0)
from doubtful
inner join channel.feed_offer as offer
    on doubtful.merchant_id = offer.merchant_id and doubtful.version = offer.version and offer.ours
left join channel.feed_offer as was
    on
        doubtful.merchant_id = was.merchant_id
        and doubtful.served = was.version
        and offer.offer_sku = was.offer_sku
        and offer.store_id = was.store_id
        and was.ours
where was.offer_sku is null or offer.quantity > was.quantity or offer.price is distinct from was.price
