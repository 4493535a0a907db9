-- How many offers were compared when, how many differ, and the money at stake: of an offer its worst cause counts.
select
    sync.merchant_id,
    max(sync.compared_at) as compared_at,
    count(*) as offers,
    count(sync.divergence) as diverging,
    coalesce(sum(worst.money), 0)::bigint as money
from mart.offer_sync as sync
left join lateral (
    select max(difference.money) as money
    from mart.offer_difference as difference
    where
        difference.merchant_id = sync.merchant_id
        and difference.store_id = sync.store_id
        and difference.offer_sku = sync.offer_sku
) as worst on true
where sync.merchant_id = any(%(merchants)s)
group by sync.merchant_id;
