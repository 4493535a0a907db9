-- The merchants and warehouses that a price list may name.
select distinct
    merchant.merchant_id,
    store.warehouse
from core.merchant
left join core.store on merchant.merchant_id = store.merchant_id;
