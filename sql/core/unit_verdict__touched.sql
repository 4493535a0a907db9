-- The units whose verdict may have changed since the last look, with all units of their orders: those that moved after
-- they were judged, that were scanned again or reported missing, whose clock has run out since, and those that wait for
-- a word of somebody else.
with moved as (
    select event.unit_id
    from ledger.unit_event as event
    where
        event.merchant_id = %(merchant_id)s
        and event.recorded_at >= %(since)s
        and not exists (
            select 1
            from core.unit_verdict as known
            where known.unit_id = event.unit_id and known.seq >= event.seq
        )
    union
    select scan.unit_id
    from core.warehouse_event as scan
    where
        scan.merchant_id = %(merchant_id)s
        and scan.recorded_at >= %(since)s
        and scan.outcome = 'duplicate_scan'
        and scan.unit_id is not null
    union
    select waiting.unit_id
    from ledger.unit as waiting
    where
        waiting.merchant_id = %(merchant_id)s
        and waiting.state in ('requested', 'in_transit', 'at_pickup_point')
        and waiting.requested_at > %(since)s - %(overdue)s
        and waiting.requested_at <= %(now)s - %(overdue)s
    union
    select turned.unit_id
    from core.unit_verdict as turned
    where turned.merchant_id = %(merchant_id)s and turned.turns_at <= %(now)s
    union
    select waiting.unit_id
    from core.discrepancy as waiting
    where
        waiting.merchant_id = %(merchant_id)s
        and waiting.status = 'open'
        and waiting.kind in ('no_request', 'over', 'unproven')
),

touched as (
    select unit.order_id
    from moved
    inner join ledger.unit on moved.unit_id = unit.unit_id
    where unit.order_id is not null
    union
    select placed.order_id
    from core.warehouse_event as report
    inner join core.customer_order as placed
        on report.merchant_id = placed.merchant_id and placed.code = report.payload ->> 'order_code'
    where
        report.merchant_id = %(merchant_id)s
        and report.recorded_at >= %(since)s
        and report.type = 'missing_from_parcel'
)

select
    unit.unit_id,
    unit.order_id,
    unit.received_at is null as waits,
    case when unit.received_at is not null and unit.piece > 1 then unit.entry_id end as entry_id
from touched
inner join ledger.unit on unit.merchant_id = %(merchant_id)s and touched.order_id = unit.order_id
union all
select
    unit.unit_id,
    null as order_id,
    unit.received_at is null as waits,
    null as entry_id
from moved
inner join ledger.unit on moved.unit_id = unit.unit_id
where unit.order_id is null;
