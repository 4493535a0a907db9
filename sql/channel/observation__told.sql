-- channel.observation: looks that a person took, or a file of them. Those of offers that nothing of ours stands behind
-- are not kept. Returns one row a look, and whether it is kept.
with told as (
    select
        looks.offer_sku,
        looks.store_id,
        looks.observed_at,
        looks.on_sale,
        looks.price,
        looks.quantity
    from
        unnest(
            %(offer_skus)s::text[],
            %(store_ids)s::text[],
            %(moments)s::timestamptz[],
            %(on_sale)s::boolean[],
            %(prices)s::bigint[],
            %(quantities)s::integer[]
        ) as looks (offer_sku, store_id, observed_at, on_sale, price, quantity)
),

kept as (
    insert into channel.observation (
        merchant_id, offer_sku, store_id, observed_at, on_sale, price, quantity, source, actor
    )
    select
        %(merchant_id)s,
        told.offer_sku,
        told.store_id,
        told.observed_at,
        told.on_sale,
        told.price,
        told.quantity,
        %(source)s,
        %(actor)s
    from told
    where
        exists (
            select 1
            from channel.addition
            where
                addition.merchant_id = %(merchant_id)s
                and addition.offer_sku = told.offer_sku
                and addition.store_id = told.store_id
                and addition.channel <> 'off_kaspi'
        )
    on conflict (merchant_id, offer_sku, store_id, observed_at) do nothing
    returning offer_sku, store_id, observed_at
)

select
    told.offer_sku,
    told.store_id,
    kept.offer_sku is not null as kept
from told
left join kept using (offer_sku, store_id, observed_at);
