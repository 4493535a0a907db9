-- What an offer should show is the base count and the ledger's free units, counted by two ways in one moment.
select
    merchant_id,
    offer_sku as record_key,
    'desired ' || coalesce(desired_qty::text, 'unknown') || ', base ' || coalesce(base_qty::text, 'unknown')
    || ', the ledger alone has ' || recounted_qty as detail
from mart.batch_offer_sync
where
    returned_qty <> recounted_qty
    or desired_qty <> case when resale then 0 else base_qty end + recounted_qty
    or (desired_qty is null and (resale or base_qty is not null))
