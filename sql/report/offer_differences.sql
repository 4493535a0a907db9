-- What did not agree in the comparison of a moment, the most money first; of these merchants.
select
    difference.merchant_id,
    merchant.name as merchant,
    difference.store_id,
    difference.offer_sku,
    difference.cause,
    difference.expected,
    difference.found,
    difference.pieces,
    difference.money,
    difference.detail,
    difference.since,
    sync.version
from mart.offer_difference as difference
inner join mart.offer_sync as sync using (merchant_id, store_id, offer_sku)
inner join core.merchant using (merchant_id)
where difference.merchant_id = any(%(merchants)s) and sync.compared_at = %(now)s
order by
    difference.money desc,
    difference.merchant_id asc,
    difference.store_id asc,
    difference.offer_sku asc,
    difference.cause asc;
