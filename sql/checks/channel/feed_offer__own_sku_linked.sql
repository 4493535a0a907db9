-- Every offer of ours has a resale SKU that is linked, and that the base list does not use.
select
    offer.merchant_id,
    offer.offer_sku as record_key,
    'the resale SKU is ' || coalesce(resale_sku.state, 'not known')
    || case when base.offer_sku is not null then ' and stands in the base list' else '' end as detail
from channel.batch_own_offer as offer
left join channel.resale_sku as resale_sku
    on offer.merchant_id = resale_sku.merchant_id and offer.offer_sku = resale_sku.offer_sku
left join channel.feed_offer as base
    on
        offer.merchant_id = base.merchant_id
        and offer.version = base.version
        and offer.offer_sku = base.offer_sku
        and not base.ours
where resale_sku.state is distinct from 'linked' or base.offer_sku is not null
