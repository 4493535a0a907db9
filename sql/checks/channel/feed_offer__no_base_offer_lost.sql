-- Every offer of the base list is in the composed list, at its place, with its SKU, price and availability. A list that
-- goes out in doubt is laid over the merchant's part of the one that is served, and may be lower than that.
select
    staged.merchant_id,
    base.sku as record_key,
    'the base offer at position ' || base.position || ' is missing or changed' as detail
from channel.batch_feed_version as staged
inner join channel.base_offer as base
    on staged.merchant_id = base.merchant_id and staged.base_version = base.base_version
left join channel.feed_offer as offer
    on
        staged.merchant_id = offer.merchant_id
        and staged.version = offer.version
        and base.position = offer.position
        and base.store_id = offer.store_id
        and base.sku = offer.offer_sku
        and base.price is not distinct from offer.price
        and (base.available = offer.available or (staged.cautious and base.available))
        and (
            base.stock_count is not distinct from offer.base_quantity
            or (staged.cautious and base.stock_count > offer.base_quantity)
        )
        and not offer.ours
where offer.merchant_id is null
