-- A list without offers would take everything off sale.
select
    merchant_id,
    version::text as record_key,
    'the list has ' || offers || ' offers, the base list ' || base_offers as detail
from channel.batch_feed_version
where offers = 0 or offers < base_offers or base_offers = 0
