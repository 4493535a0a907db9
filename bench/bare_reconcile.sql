-- The floor: the same result for one merchant by statements written for nothing else. Nothing is looked up of before, no
-- event, no cursor, no second run.
set local work_mem = '128MB';

insert into core.unit_verdict (unit_id, merchant_id, verdict, since, turns_at, repeats, settled)
with scan as (
    select
        unit_id,
        bool_or(outcome = 'booked') as booked,
        bool_or(outcome <> 'duplicate_scan') as accepted,
        count(*) filter (where outcome = 'duplicate_scan') as repeats
    from core.warehouse_event
    where
        merchant_id = %(merchant_id)s
        and type = 'received'
        and outcome in ('booked', 'waiting', 'duplicate_scan')
    group by unit_id
),

part as (
    select
        came.case_id,
        min(came.received_at) as first_came
    from ledger.unit as came
    inner join (
        select distinct case_id
        from ledger.unit
        where merchant_id = %(merchant_id)s and state in ('requested', 'in_transit', 'at_pickup_point')
    ) as waiting on came.case_id = waiting.case_id
    where came.received_at is not null
    group by came.case_id
),

report as (
    select
        placed.order_id,
        told.payload ->> 'sku' as sku,
        count(*) as reports,
        min(told.occurred_at) as reported_at
    from core.warehouse_event as told
    inner join core.customer_order as placed
        on told.merchant_id = placed.merchant_id and placed.code = told.payload ->> 'order_code'
    where told.merchant_id = %(merchant_id)s and told.type = 'missing_from_parcel' and told.outcome = 'finding'
    group by 1, 2
),

absent as (
    select
        unit_id,
        min(reported_at) as reported_at
    from (
        select
            unit.unit_id,
            report.reported_at,
            report.reports,
            unit.received_at is null and unit.state in ('requested', 'in_transit', 'at_pickup_point', 'lost') as waits,
            count(*) filter (where unit.received_at > report.reported_at)
                over (partition by report.order_id, report.sku) as came,
            row_number() over (
                partition by
                    report.order_id, report.sku,
                    unit.received_at is null and unit.state in ('requested', 'in_transit', 'at_pickup_point', 'lost')
                order by unit.requested_at, unit.unit_id
            ) as place
        from report
        inner join ledger.unit
            on
                unit.merchant_id = %(merchant_id)s
                and report.order_id = unit.order_id
                and (report.sku is null or report.sku = unit.sku)
    ) as piece
    where waits and place <= reports - came
    group by unit_id
),

crowded as (
    select
        entry_id,
        sum(quantity) as asked
    from core.return_case
    where
        merchant_id = %(merchant_id)s
        and status <> 'cancelled'
        and entry_id in (
            select high.entry_id
            from ledger.unit as high
            inner join core.return_case as own using (case_id)
            where
                high.merchant_id = %(merchant_id)s
                and high.received_at is not null
                and high.piece > 1
                and high.piece > own.quantity
                and own.application_number is not null
        )
    group by entry_id
    having bool_and(quantity is not null)
),

crowd as (
    select
        unit.unit_id,
        crowded.asked,
        row_number() over (partition by unit.entry_id order by unit.received_at, unit.unit_id) as place
    from crowded
    inner join ledger.unit using (entry_id)
    where unit.merchant_id = %(merchant_id)s and unit.received_at is not null
),

named as (
    select distinct loose.unit_id
    from ledger.unit as loose
    inner join core.warehouse_event as dock on loose.unit_id = dock.unit_id and dock.type = 'received'
    inner join core.customer_order as placed
        on
            loose.merchant_id = placed.merchant_id
            and placed.code = coalesce(
                dock.payload ->> 'order_code', split_part(dock.payload ->> 'return_label', '-', 1)
            )
    inner join core.order_line as line
        on placed.merchant_id = line.merchant_id and placed.order_id = line.order_id and loose.sku = line.sku
    where loose.merchant_id = %(merchant_id)s and loose.unexpected and loose.order_id is null
),

silent as (
    select return_case.case_id
    from core.return_case
    left join core.application on return_case.case_id = application.case_id
    where
        return_case.merchant_id = %(merchant_id)s
        and not exists (
            select 1
            from core.return_case as beside
            where
                beside.merchant_id = %(merchant_id)s
                and beside.order_id = return_case.order_id
                and beside.signal_status is not null
        )
        and application.case_id is null
),

judged as materialized (
    select
        unit.unit_id,
        unit.requested_at,
        unit.received_at,
        unit.inspected_at,
        unit.closed_at,
        part.first_came,
        absent.reported_at,
        coalesce(scan.repeats, 0)::integer as repeats,
        case
            when unit.received_at is null
                then case
                    when scan.booked then 'unproven'
                    when unit.state = 'cancelled' then 'cancelled'
                    when unit.state not in ('requested', 'in_transit', 'at_pickup_point', 'lost') then 'unproven'
                    when absent.reported_at is not null then 'missing_from_parcel'
                    when unit.state = 'lost' then 'lost'
                    when part.first_came + interval '3 days' <= %(now)s then 'short'
                    when unit.requested_at + interval '14 days' <= %(now)s then 'overdue'
                    else 'expected'
                end
            when scan.accepted is not true then 'unproven'
            when unit.unexpected and unit.order_id is null
                then case when named.unit_id is null then 'unexpected' else 'over' end
            when
                unit.finding = 'wrong_item'
                and unit.state in ('wrong_item', 'to_supplier', 'disposed', 'returned_to_buyer') then 'wrong_item'
            when crowd.place > crowd.asked then 'over'
            when unit.requested_at is null and silent.case_id is not null then 'no_request'
            when unit.received_at > unit.requested_at + interval '14 days' then 'late'
            else 'matched'
        end as verdict
    from ledger.unit
    left join scan on unit.unit_id = scan.unit_id
    left join part on unit.case_id = part.case_id and unit.state in ('requested', 'in_transit', 'at_pickup_point')
    left join absent on unit.unit_id = absent.unit_id
    left join crowd on unit.unit_id = crowd.unit_id
    left join named on unit.unit_id = named.unit_id
    left join silent on unit.case_id = silent.case_id
    where unit.merchant_id = %(merchant_id)s
)

select
    unit_id,
    %(merchant_id)s,
    verdict,
    case verdict
        when 'expected' then requested_at
        when 'overdue' then requested_at + interval '14 days'
        when 'lost' then least(requested_at + interval '45 days', closed_at)
        when 'short' then first_came + interval '3 days'
        when 'missing_from_parcel' then reported_at
        when 'cancelled' then closed_at
        when 'wrong_item' then inspected_at
        else coalesce(received_at, requested_at)
    end,
    case when verdict = 'expected' then first_came + interval '3 days' end,
    repeats,
    closed_at is not null and verdict in ('unexpected', 'over', 'wrong_item', 'no_request', 'unproven')
from judged;

insert into core.discrepancy (
    discrepancy_id, merchant_id, case_id, unit_id, order_code, kind, subject, opened_at, found_at, due_at,
    money_at_risk, owner, status
)
with rule (kind, owner, days) as (
    values
    ('overdue', 'carrier', null), ('short', 'carrier', null), ('lost', 'carrier', 7), ('unexpected', 'warehouse', 7),
    ('over', 'merchant', 7), ('wrong_item', 'merchant', 3), ('no_request', 'merchant', 14), ('unproven', 'team', 1)
)

select
    md5(rule.kind || '/' || unit.merchant_id || '/' || unit.unit_id)::uuid,
    unit.merchant_id,
    unit.case_id,
    unit.unit_id,
    placed.code,
    rule.kind,
    coalesce(unit.unit_label, unit.unit_id::text),
    found.since,
    %(now)s,
    case
        when rule.days is null then unit.requested_at + interval '45 days'
        else %(now)s::timestamptz + make_interval(days => rule.days)
    end,
    case when rule.kind in ('over', 'no_request') then 0 else coalesce(line.base_price, product.cost, 0) end,
    rule.owner,
    'open'
from core.unit_verdict as found
inner join rule on found.verdict = rule.kind
inner join ledger.unit on found.unit_id = unit.unit_id
left join core.customer_order as placed on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
left join core.order_line as line on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
left join core.product on unit.merchant_id = product.merchant_id and unit.sku = product.sku
where found.merchant_id = %(merchant_id)s and found.verdict <> 'matched' and not found.settled
union all
select
    md5('duplicate_scan/' || unit.merchant_id || '/' || unit.unit_id)::uuid,
    unit.merchant_id,
    unit.case_id,
    unit.unit_id,
    placed.code,
    'duplicate_scan',
    coalesce(unit.unit_label, unit.unit_id::text),
    again.first_at,
    %(now)s,
    %(now)s::timestamptz + interval '3 days',
    0,
    'warehouse',
    'open'
from (
    select
        unit_id,
        min(occurred_at) as first_at
    from core.warehouse_event
    where merchant_id = %(merchant_id)s and outcome = 'duplicate_scan'
    group by unit_id
) as again
inner join ledger.unit on again.unit_id = unit.unit_id
left join core.customer_order as placed on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
where unit.closed_at is null
union all
select
    md5('missing_from_parcel/' || told.merchant_id || '/' || told.source || '/' || told.event_id)::uuid,
    told.merchant_id,
    piece.case_id,
    piece.unit_id,
    told.payload ->> 'order_code',
    'missing_from_parcel',
    told.source || '/' || told.event_id,
    told.occurred_at,
    %(now)s,
    %(now)s::timestamptz + interval '3 days',
    coalesce(piece.base_price, told.price, 0),
    'carrier',
    'open'
from (
    select
        report.*,
        (
            select count(*)
            from ledger.unit as came
            where
                came.merchant_id = report.merchant_id
                and came.order_id = report.order_id
                and came.sku = report.payload ->> 'sku'
                and came.received_at > report.first_at
        ) as came,
        (
            select max(line.base_price)
            from core.order_line as line
            where
                line.merchant_id = report.merchant_id
                and line.order_id = report.order_id
                and line.sku = report.payload ->> 'sku'
        ) as price
    from (
        select
            event.*,
            placed.order_id,
            row_number() over goods as place,
            min(event.occurred_at) over goods as first_at
        from core.warehouse_event as event
        left join core.customer_order as placed
            on event.merchant_id = placed.merchant_id and placed.code = event.payload ->> 'order_code'
        where event.merchant_id = %(merchant_id)s and event.type = 'missing_from_parcel'
        window goods as (
            partition by event.payload ->> 'order_code', event.payload ->> 'sku' order by event.occurred_at, event.event_id
        )
    ) as report
) as told
left join (
    select
        unit.unit_id,
        unit.case_id,
        unit.order_id,
        unit.sku,
        line.base_price,
        row_number() over (partition by unit.order_id, unit.sku order by unit.requested_at, unit.unit_id) as place
    from core.unit_verdict as found
    inner join ledger.unit on found.unit_id = unit.unit_id
    left join core.order_line as line on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
    where found.merchant_id = %(merchant_id)s and found.verdict = 'missing_from_parcel'
) as piece
    on
        told.order_id = piece.order_id
        and told.payload ->> 'sku' = piece.sku
        and told.place - told.came = piece.place
where told.came < told.place;
