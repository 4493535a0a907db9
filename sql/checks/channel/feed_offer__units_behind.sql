-- The pieces added to an offer are units, one by one: their staged rows sum to it.
with carried as (
    select
        staged.merchant_id,
        staged.offer_sku,
        staged.store_id,
        sum(addition.quantity) as units
    from channel.batch_addition as staged
    inner join channel.addition as addition
        on staged.unit_id = addition.unit_id and staged.decision_seq = addition.decision_seq
    where staged.channel <> 'off_kaspi'
    group by staged.merchant_id, staged.offer_sku, staged.store_id
)

select
    offer.merchant_id,
    offer.offer_sku as record_key,
    'added ' || offer.added_quantity || ', units ' || coalesce(carried.units, 0) as detail
from channel.batch_feed_offer as offer
left join carried
    on
        offer.merchant_id = carried.merchant_id
        and offer.offer_sku = carried.offer_sku
        and offer.store_id = carried.store_id
where offer.added_quantity <> 0 and offer.added_quantity is distinct from coalesce(carried.units, 0)
