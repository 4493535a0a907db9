-- Units that these labels can mean: of these orders or goods, received in the same warehouse, whose receipt
-- the other system has not told yet.
select distinct
    telling.source,
    unit.unit_id,
    unit.received_at,
    unit.order_id,
    unit.sku
from core.warehouse_source as telling
inner join core.warehouse_source as receiving on telling.warehouse = receiving.warehouse
inner join ledger.unit
    on
        receiving.source = unit.source
        and unit.merchant_id = %(merchant_id)s
        and unit.received_at between %(since)s and %(until)s
        and (unit.order_id = any(%(order_ids)s::text[]) or unit.sku = any(%(skus)s::text[]))
where
    telling.source = any(%(sources)s::text[])
    and not exists (
        select 1
        from core.counterpart
        where
            counterpart.source = telling.source
            and counterpart.unit_id = unit.unit_id
            and counterpart.found_by <> 'label'
    )
    and not exists (
        select 1
        from core.warehouse_event as event
        where
            event.unit_id = unit.unit_id
            and event.source = telling.source
            and event.type = 'received'
            and event.outcome = 'compared'
    );
