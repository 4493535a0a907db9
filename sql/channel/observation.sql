-- channel.observation: what a buyer sees of the offers that returned goods stand behind.
insert into channel.observation (merchant_id, offer_sku, store_id, observed_at, on_sale, price, quantity)
select
    %(merchant_id)s,
    seen.offer_sku,
    seen.store_id,
    %(now)s,
    seen.on_sale,
    seen.price,
    seen.quantity
from stage_observation as seen
where
    exists (
        select 1
        from channel.addition as addition
        where
            addition.merchant_id = %(merchant_id)s
            and addition.offer_sku = seen.offer_sku
            and addition.store_id = seen.store_id
            and addition.channel <> 'off_kaspi'
    )
on conflict (merchant_id, offer_sku, store_id, observed_at) do nothing;
