-- Resale SKUs and what is known of their cards; those that wait for one first.
select
    card.merchant_id,
    merchant.name,
    card.offer_sku,
    card.sku,
    product.name as product_name,
    card.state,
    card.state_since,
    card.changed_by,
    standing.units
from channel.resale_sku as card
inner join core.merchant as merchant on card.merchant_id = merchant.merchant_id
left join core.product as product on card.merchant_id = product.merchant_id and card.sku = product.sku
left join lateral (
    select count(*)::integer as units
    from channel.offered_unit as offered
    where
        offered.merchant_id = card.merchant_id
        and offered.offer_sku = card.offer_sku
        and offered.channel = 'resale'
        and not offered.reserved
) as standing on true
where
    merchant.active
    and (card.merchant_id = %(merchant_id)s or %(merchant_id)s is null)
    and (card.state = %(state)s or %(state)s is null)
order by card.state = 'pending_card' desc, card.state = 'rejected' desc, standing.units desc, card.offer_sku asc;
