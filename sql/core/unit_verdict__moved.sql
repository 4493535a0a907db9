-- The units that something happened to since the last look, one array: those that moved after they were judged, that
-- were scanned again, whose clock has run out since, and those whose difference the word of somebody else may end; and
-- how many events of its last hour this look saw.
select
    coalesce(array_agg(moved.unit_id), '{}')::text as units,
    (
        select count(*)
        from ledger.unit_event as event
        where
            event.merchant_id = %(merchant_id)s
            and event.recorded_at >= %(now)s - %(overlap)s
            and event.recorded_at <= %(now)s
    ) as recorded
from (
    -- what was recorded after the last look was not judged by it; of what bears an earlier time, the verdicts know, and
    -- they are asked where there is more of it than the last look saw (%(counted)s)
    select event.unit_id
    from ledger.unit_event as event
    where event.merchant_id = %(merchant_id)s and event.recorded_at > %(seen)s
    union
    select event.unit_id
    from ledger.unit_event as event
    where
        (
            %(late)s
            or %(counted)s <> (
                select count(*)
                from ledger.unit_event as before
                where
                    before.merchant_id = %(merchant_id)s
                    and before.recorded_at >= %(seen)s - %(overlap)s
                    and before.recorded_at <= %(seen)s
            )
        )
        and event.merchant_id = %(merchant_id)s
        and event.recorded_at >= %(since)s
        and event.recorded_at <= %(seen)s
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
    -- more than was asked for, until more is asked for; goods that name an order they have no part in stay so
    select waiting.unit_id
    from core.discrepancy as waiting
    where
        waiting.merchant_id = %(merchant_id)s
        and waiting.status = 'open'
        and (waiting.kind = 'unproven' or waiting.kind = 'over' and waiting.order_code is not null)
    union
    -- a return that nobody told of, until somebody does
    select waiting.unit_id
    from core.discrepancy as waiting
    inner join core.return_case as opened on waiting.case_id = opened.case_id
    where
        waiting.merchant_id = %(merchant_id)s
        and waiting.status = 'open'
        and waiting.kind = 'no_request'
        and (
            exists (
                select 1
                from core.application
                where application.case_id = opened.case_id
            )
            or exists (
                select 1
                from core.return_case as beside
                where
                    beside.merchant_id = opened.merchant_id
                    and beside.order_id = opened.order_id
                    and beside.signal_status is not null
            )
        )
) as moved;
