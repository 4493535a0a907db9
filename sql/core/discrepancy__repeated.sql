-- core.discrepancy: pieces that the dock scanned again. One scan more is news, whoever settled it before; it is over
-- when the piece left the house: there was one of it.
update core.discrepancy
set
    status = 'resolved',
    resolved_at = %(now)s,
    resolution = 'gone'
from ledger.unit
where
    discrepancy.merchant_id = %(merchant_id)s
    and discrepancy.status = 'open'
    and discrepancy.kind = 'duplicate_scan'
    and discrepancy.unit_id = unit.unit_id
    and unit.closed_at is not null
    and unit.received_at is not null
    and (%(everything)s or unit.unit_id = any(%(gone)s::uuid[]));

insert into core.discrepancy as known (
    discrepancy_id, merchant_id, case_id, unit_id, order_code, kind, subject, opened_at, found_at, due_at,
    money_at_risk, owner, status
)
select
    md5('duplicate_scan/' || unit.merchant_id || '/' || unit.unit_id)::uuid,
    unit.merchant_id,
    unit.case_id,
    unit.unit_id,
    placed.code,
    'duplicate_scan',
    coalesce(unit.unit_label, unit.unit_id::text),
    again.first_at,
    %(now)s::timestamptz,
    %(now)s::timestamptz + make_interval(days => %(days)s),
    0,
    %(owner)s,
    'open'
from (
    select
        scan.unit_id,
        min(scan.occurred_at) as first_at,
        max(scan.recorded_at) as last_told_at
    from core.warehouse_event as scan
    where scan.merchant_id = %(merchant_id)s and scan.outcome = 'duplicate_scan' and scan.recorded_at >= %(since)s
    group by scan.unit_id
) as again
inner join ledger.unit on again.unit_id = unit.unit_id
left join core.customer_order as placed on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
where
    unit.closed_at is null
    and not exists (
        select 1
        from core.discrepancy as earlier
        where
            earlier.discrepancy_id = md5('duplicate_scan/' || unit.merchant_id || '/' || unit.unit_id)::uuid
            and (earlier.status = 'open' or earlier.resolved_at >= again.last_told_at)
    )
on conflict (discrepancy_id) do update
    set
        status = 'open',
        reopened_at = %(now)s,
        due_at = excluded.due_at,
        resolved_at = null,
        resolution = null,
        resolved_by = null,
        note = null
    where known.status <> 'open';
