-- The offers of these merchants as the daily comparison left them: those that differ first, the most money first.
with told as (
    select
        difference.merchant_id,
        difference.store_id,
        difference.offer_sku,
        max(difference.money) as money,
        min(difference.since) as since,
        bool_or(difference.cause = %(cause)s) as asked_for,
        jsonb_agg(
            jsonb_build_object(
                'cause', difference.cause,
                'expected', difference.expected,
                'found', difference.found,
                'pieces', difference.pieces,
                'money', difference.money,
                'detail', difference.detail
            )
            order by difference.money desc, difference.cause asc
        ) as differences
    from mart.offer_difference as difference
    where difference.merchant_id = any(%(merchants)s)
    group by difference.merchant_id, difference.store_id, difference.offer_sku
)

select
    sync.*,
    merchant.name as merchant,
    product.name as product_name,
    coalesce(told.money, 0) as money,
    told.since,
    coalesce(told.differences, '[]') as differences,
    count(*) over () as listed
from mart.offer_sync as sync
inner join core.merchant as merchant on sync.merchant_id = merchant.merchant_id
left join told
    on
        sync.merchant_id = told.merchant_id
        and sync.store_id = told.store_id
        and sync.offer_sku = told.offer_sku
left join channel.resale_sku as resale_sku
    on sync.merchant_id = resale_sku.merchant_id and sync.offer_sku = resale_sku.offer_sku
left join core.product as product
    on sync.merchant_id = product.merchant_id and coalesce(resale_sku.sku, sync.offer_sku) = product.sku
where
    sync.merchant_id = any(%(merchants)s)
    and (%(everything)s or told.differences is not null)
    and (%(cause)s is null or told.asked_for)
    and (%(offer_sku)s::text is null or (sync.offer_sku = %(offer_sku)s and sync.store_id = %(store_id)s))
order by
    told.money desc nulls last,
    sync.merchant_id asc,
    sync.store_id asc,
    sync.offer_sku asc
limit %(shown)s;
