-- A divergence says since when it lasts, and an offer that agrees says nothing.
select
    merchant_id,
    offer_sku as record_key,
    coalesce(divergence, 'agrees') || ' since ' || coalesce(diverging_since::text, 'never') as detail
from mart.batch_offer_sync
where (divergence is null) <> (diverging_since is null)
