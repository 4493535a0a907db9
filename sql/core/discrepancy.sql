-- core.discrepancy: what differs now. An id is a function of the kind and the thing it is about,
-- so the same difference seen again is the same row; one that is not there any more is resolved.
create temporary table if not exists found_discrepancy (like core.discrepancy) on commit drop;
truncate found_discrepancy;

insert into found_discrepancy (
    discrepancy_id, merchant_id, case_id, unit_id, order_code, kind, subject, opened_at, due_at, money_at_risk, owner,
    status
)
select
    md5(difference.kind || '/' || difference.merchant_id || '/' || difference.subject)::uuid,
    difference.merchant_id,
    difference.case_id,
    difference.unit_id,
    difference.order_code,
    difference.kind,
    difference.subject,
    difference.opened_at,
    difference.due_at,
    coalesce(difference.money_at_risk, 0),
    difference.owner,
    'open'
from (
    -- overdue and lost: expected, not received
    select
        unit.merchant_id,
        unit.case_id,
        unit.unit_id,
        placed.code as order_code,
        case when unit.state = 'lost' then 'lost' else 'overdue' end as kind,
        unit.unit_id::text as subject,
        %(now)s::timestamptz as opened_at,
        unit.requested_at + make_interval(days => (lost.value)::text::integer) as due_at,
        line.base_price as money_at_risk,
        'carrier' as owner
    from ledger.unit
    inner join core.customer_order as placed using (merchant_id, order_id)
    inner join core.order_line as line on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
    inner join ops.setting as overdue on overdue.name = 'overdue_days'
    inner join ops.setting as lost on lost.name = 'lost_days'
    where
        unit.merchant_id = %(merchant_id)s
        and (
            unit.state = 'lost'
            or (
                unit.state in ('requested', 'in_transit', 'at_pickup_point')
                and unit.requested_at
                < %(now)s::timestamptz - make_interval(days => (overdue.value)::text::integer)
            )
        )
    union all
    -- goods that belong to nothing we know, and goods of another kind than was sent back
    select
        unit.merchant_id,
        unit.case_id,
        unit.unit_id,
        placed.code,
        unit.state,
        coalesce(unit.unit_label, unit.unit_id::text),
        coalesce(unit.inspected_at, unit.received_at),
        null,
        line.base_price,
        case when unit.state = 'unexpected' then 'warehouse' else 'merchant' end
    from ledger.unit
    left join core.customer_order as placed using (merchant_id, order_id)
    left join core.order_line as line on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
    where unit.merchant_id = %(merchant_id)s and unit.state in ('unexpected', 'wrong_item')
    union all
    -- the parcel came, no status ever said so
    select
        unit.merchant_id,
        unit.case_id,
        unit.unit_id,
        placed.code,
        'no_request',
        unit.unit_id::text,
        unit.received_at,
        null,
        0,
        'merchant'
    from ledger.unit
    inner join core.return_case using (case_id)
    inner join
        core.customer_order as placed
        on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
    where
        unit.merchant_id = %(merchant_id)s
        and unit.received_at is not null
        and unit.closed_at is null
        and return_case.signal_status is null
        and return_case.application_number is null
    union all
    -- what the dock itself reports of a parcel
    select
        event.merchant_id,
        null,
        event.unit_id,
        event.payload ->> 'order_code',
        case when event.type = 'missing_from_parcel' then 'missing_from_parcel' else 'duplicate_scan' end,
        event.source || '/' || event.event_id,
        event.occurred_at,
        null,
        0,
        case when event.type = 'missing_from_parcel' then 'carrier' else 'warehouse' end
    from core.warehouse_event as event
    where
        event.merchant_id = %(merchant_id)s
        and (event.type = 'missing_from_parcel' or event.outcome = 'duplicate_scan')
) as difference;

insert into core.discrepancy as known (
    discrepancy_id, merchant_id, case_id, unit_id, order_code, kind, subject, opened_at, due_at, money_at_risk, owner,
    status
)
select
    discrepancy_id,
    merchant_id,
    case_id,
    unit_id,
    order_code,
    kind,
    subject,
    opened_at,
    due_at,
    money_at_risk,
    owner,
    status
from found_discrepancy
on conflict (discrepancy_id) do update
    set
        status = 'open',
        resolved_at = null
    where known.status <> 'open' and known.kind not in ('duplicate_scan', 'missing_from_parcel');

update core.discrepancy
set
    status = 'resolved',
    resolved_at = %(now)s
where
    merchant_id = %(merchant_id)s
    and status = 'open'
    and kind in ('overdue', 'lost', 'unexpected', 'wrong_item', 'no_request')
    and discrepancy_id not in (
        select found_discrepancy.discrepancy_id
        from found_discrepancy
    );

select count(*)::integer as open
from core.discrepancy
where merchant_id = %(merchant_id)s and status = 'open';
