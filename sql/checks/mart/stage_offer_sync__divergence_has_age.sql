-- A divergence says since when it lasts and has a cause with a row of its own; an offer that agrees says nothing.
select
    staged.merchant_id,
    staged.offer_sku as record_key,
    coalesce(staged.divergence, 'agrees') || ' since ' || coalesce(staged.diverging_since::text, 'never') || ', '
    || causes.told || ' causes' as detail
from mart.batch_offer_sync as staged
left join lateral (
    select count(*) as told
    from mart.batch_offer_difference as difference
    where
        difference.merchant_id = staged.merchant_id
        and difference.store_id = staged.store_id
        and difference.offer_sku = staged.offer_sku
) as causes on true
where
    (staged.divergence is null) <> (staged.diverging_since is null)
    or (staged.divergence is null) <> (causes.told = 0)
