-- A store that is not in core.store cannot say which base list its goods belong to.
select
    batch_wms_event.merchant_id,
    batch_wms_event.event_key as record_key,
    'store ' || batch_wms_event.store_id || ' is not a store of this merchant in core.store' as detail
from raw.batch_wms_event
where
    batch_wms_event.store_id is not null
    and not exists (
        select 1
        from core.store
        where
            store.merchant_id = batch_wms_event.merchant_id
            and store.store_id = batch_wms_event.store_id
    )
