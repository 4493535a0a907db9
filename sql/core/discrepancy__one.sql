select
    discrepancy.*,
    coalesce(discrepancy.found_at, discrepancy.opened_at) as known_since,
    merchant.name as merchant_name,
    unit.unit_label,
    unit.sku,
    unit.state,
    unit.requested_at,
    unit.received_at,
    unit.inspected_at,
    found.verdict,
    found.repeats,
    coalesce(product.name, line.product_name) as product_name,
    offer.store_id as offer_store,
    offer.offer_sku
from core.discrepancy
inner join core.merchant on discrepancy.merchant_id = merchant.merchant_id
left join ledger.unit on discrepancy.unit_id = unit.unit_id
left join core.unit_verdict as found on discrepancy.unit_id = found.unit_id
left join core.order_line as line on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
left join core.product on unit.merchant_id = product.merchant_id and unit.sku = product.sku
left join mart.offer_sync as offer
    on
        discrepancy.kind = 'stock_divergence'
        and discrepancy.merchant_id = offer.merchant_id
        and starts_with(discrepancy.subject, offer.offer_sku || ' at ' || offer.store_id || ': ')
where discrepancy.discrepancy_id = %(discrepancy_id)s;
