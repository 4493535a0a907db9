-- The desk of a warehouse, whom the warehouse believes, and whose goods it handles.
select
    source.source,
    source.warehouse,
    source.system_of_record,
    (
        select coalesce(jsonb_object_agg(zone.zone, zone.purpose), '{}')
        from core.zone
        where zone.warehouse = source.warehouse
    ) as zones,
    (
        select setting.value
        from ops.setting
        where setting.name = 'void_minutes'
    ) as void_minutes,
    coalesce(
        (
            select
                jsonb_agg(
                    jsonb_build_object(
                        'merchant_id', merchant.merchant_id, 'name', merchant.name, 'store_id', store.store_id
                    )
                    order by merchant.merchant_id, store.store_id
                )
            from core.store
            inner join core.merchant on store.merchant_id = merchant.merchant_id
            where store.warehouse = source.warehouse and merchant.active
        ),
        '[]'
    ) as stores
from core.warehouse_source as source
where source.kind = 'desk' and source.warehouse = %(warehouse)s;
