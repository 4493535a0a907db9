-- Scans of goods that nobody expected and that name one of these orders, as the dock read them.
select
    scan.source,
    scan.event_id,
    scan.type,
    scan.occurred_at,
    scan.store_id,
    scan.payload,
    unit.unit_id
from ledger.unit
inner join core.warehouse_event as scan
    on unit.unit_id = scan.unit_id and scan.type = 'received' and scan.outcome = 'booked'
where
    unit.merchant_id = %(merchant_id)s
    and unit.state = 'unexpected'
    and exists (
        select 1
        from core.customer_order as placed
        where
            placed.merchant_id = unit.merchant_id
            and placed.order_id = any(%(order_ids)s)
            and (
                placed.waybill = scan.payload ->> 'waybill'
                or placed.code in (
                    scan.payload ->> 'order_code', split_part(scan.payload ->> 'return_label', '-', 1)
                )
            )
    )
order by scan.occurred_at, scan.source, scan.event_id;
