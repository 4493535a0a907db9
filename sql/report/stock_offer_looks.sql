-- What buyers saw of an offer at the last read-backs, and what the warehouse counted.
(
    select
        'seen' as what,
        observation.observed_at as at,
        observation.on_sale,
        observation.quantity,
        observation.price
    from channel.observation
    where
        observation.merchant_id = %(merchant_id)s
        and observation.offer_sku = %(offer_sku)s
        and observation.store_id = %(store_id)s
    order by observation.observed_at desc
    limit 10
)
union all
(
    select
        'counted' as what,
        wms_stock.counted_at as at,
        null as on_sale,
        wms_stock.quantity,
        null as price
    from channel.wms_stock
    where
        wms_stock.merchant_id = %(merchant_id)s
        and wms_stock.offer_sku = %(offer_sku)s
        and wms_stock.store_id = %(store_id)s
    order by wms_stock.counted_at desc
    limit 10
)
order by at desc;
