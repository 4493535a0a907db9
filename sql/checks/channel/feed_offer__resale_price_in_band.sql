-- A resale offer is 5 to 10 percent below the lowest price of the main offer in the same base list.
select
    staged.merchant_id,
    offer.offer_sku as record_key,
    'price ' || coalesce(offer.price::text, 'none') || ', main offer '
    || coalesce(main.price::text, 'none') as detail
from channel.batch_feed_version as staged
inner join channel.feed_offer as offer
    on staged.merchant_id = offer.merchant_id and staged.version = offer.version and offer.ours
left join channel.resale_sku as resale_sku
    on offer.merchant_id = resale_sku.merchant_id and offer.offer_sku = resale_sku.offer_sku
left join channel.base_offer as main
    on
        staged.merchant_id = main.merchant_id
        and staged.base_version = main.base_version
        and resale_sku.sku = main.sku
where
    main.price is null
    or offer.price is null
    or offer.price * 100 < main.price * 90
    or offer.price * 100 > main.price * 95
