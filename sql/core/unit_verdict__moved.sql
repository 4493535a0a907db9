-- What is to be judged, two arrays: the orders of which something was noted since the last look (and how many they
-- are), and the units that have no order, that were scanned again, whose clock has run out since, and those whose
-- difference a word of somebody else may end. The notes are taken away; what is noted meanwhile is for the next look.
with noted as (
    delete from ops.unit_moved
    where merchant_id = %(merchant_id)s
    returning
        unit_id,
        order_id
),

moved as (
    select noted.unit_id
    from noted
    where noted.unit_id is not null
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
    -- more than was asked for, until more is asked for; goods that name an order they have no part in stay so
    select waiting.unit_id
    from core.discrepancy as waiting
    where
        waiting.merchant_id = %(merchant_id)s
        and waiting.status = 'open'
        and (waiting.kind = 'unproven' or waiting.kind = 'over' and waiting.order_code is not null)
)

select
    (
        select coalesce(array_agg(moved.unit_id), '{}')::text
        from moved
    ) as units,
    (
        select coalesce(array_agg(distinct noted.order_id) filter (where noted.order_id is not null), '{}')::text
        from noted
    ) as orders,
    (
        select count(distinct noted.order_id)
        from noted
    ) as noted;
