-- The newest published lists with an offer: what each said of it, and when Kaspi took it.
select
    version.version,
    version.published_at,
    offer.quantity,
    offer.base_quantity,
    offer.added_quantity,
    offer.price,
    offer.available,
    pulled.fetched_at
from channel.feed_version as version
left join channel.feed_offer as offer
    on
        version.merchant_id = offer.merchant_id
        and version.version = offer.version
        and offer.offer_sku = %(offer_sku)s
        and offer.store_id = %(store_id)s
left join lateral (
    select min(pull.fetched_at) as fetched_at
    from channel.kaspi_pull as pull
    where pull.merchant_id = version.merchant_id and pull.version = version.version and pull.status in (200, 304)
) as pulled on true
where version.merchant_id = %(merchant_id)s and version.status = 'published'
order by version.version desc
limit 10;
