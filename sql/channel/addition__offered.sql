-- Every unit that stands behind an offer, with what composing the list needs.
select
    offered.unit_id,
    offered.decision_seq,
    offered.channel,
    offered.store_id,
    offered.offer_sku,
    coalesce(sold_as.sku, offered.sku) as sku,
    offered.quantity,
    offered.price,
    offered.reserved,
    offered.waiting_reason,
    coalesce(resale_sku.state, 'missing') as sku_state
from channel.offered_unit as offered
left join channel.resale_sku as resale_sku
    on offered.merchant_id = resale_sku.merchant_id and offered.offer_sku = resale_sku.offer_sku
-- goods that were sold under a resale SKU and came back are goods of the main SKU
left join channel.resale_sku as sold_as
    on offered.merchant_id = sold_as.merchant_id and offered.sku = sold_as.offer_sku
where offered.merchant_id = %(merchant_id)s
order by offered.channel, offered.offer_sku, offered.store_id, offered.decided_at, offered.unit_id;
