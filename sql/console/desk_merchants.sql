-- The merchants with their stores, and the warehouse of each.
select
    merchant.merchant_id,
    merchant.name,
    jsonb_agg(
        jsonb_build_object('store_id', store.store_id, 'warehouse', store.warehouse) order by store.store_id
    ) as stores
from core.merchant as merchant
inner join core.store as store on merchant.merchant_id = store.merchant_id
where merchant.active
group by merchant.merchant_id, merchant.name
order by merchant.merchant_id;
