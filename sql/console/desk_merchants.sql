-- The merchants whose goods lie in a warehouse that has a desk, with their stores there.
select
    merchant.merchant_id,
    merchant.name,
    jsonb_agg(
        jsonb_build_object('store_id', store.store_id, 'warehouse', store.warehouse) order by store.store_id
    ) as stores
from core.merchant as merchant
inner join core.store as store on merchant.merchant_id = store.merchant_id
inner join core.warehouse_source as source on store.warehouse = source.warehouse and source.kind = 'desk'
where merchant.active
group by merchant.merchant_id, merchant.name
order by merchant.merchant_id;
