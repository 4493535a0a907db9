-- core.discrepancy: where the two systems of a warehouse say different things. Each kind by what is looked at:
-- record_lacks: the other one tells of a step that the believed one has not booked, a day later still;
-- other_lacks: the believed one has a step that the other one, which tells of such steps, does not;
-- other_finding: both have it and see something else; other_time: both have it, at other times.
create temporary table if not exists found_compared (
    discrepancy_id uuid not null,
    unit_id uuid,
    kind text not null,
    subject text not null,
    opened_at timestamptz not null
) on commit drop;
truncate found_compared;

insert into found_compared (discrepancy_id, unit_id, kind, subject, opened_at)
select
    md5(found.kind || '/' || %(merchant_id)s || '/' || found.subject)::uuid,
    found.unit_id,
    found.kind,
    found.subject,
    found.opened_at
from (
    -- told of a label that means no unit
    select
        event.unit_id,
        'record_lacks' as kind,
        event.source || '/' || event.event_id as subject,
        event.occurred_at as opened_at
    from core.warehouse_event as event
    where
        event.merchant_id = %(merchant_id)s
        and event.outcome = 'compared'
        and event.unit_id is null
        and event.type not in ('voided', 'stock_counted', 'missing_from_parcel')
        and event.recorded_at > %(since)s
        and event.recorded_at <= %(late)s
    union all
    -- told of a step that is not booked, or is booked otherwise
    select
        step.unit_id,
        case
            when step.record_event_id is null then 'record_lacks'
            when step.other_says <> step.record_says then 'other_finding'
            else 'other_time'
        end,
        step.other_source || '/' || step.other_event_id,
        greatest(step.other_at, step.record_at)
    from core.compared_step as step
    where
        step.merchant_id = %(merchant_id)s
        and step.other_recorded_at > %(since)s
        and (
            (step.record_event_id is null and step.other_recorded_at <= %(late)s)
            or (
                step.record_event_id is not null
                and (
                    step.other_says <> step.record_says
                    or abs(extract(epoch from step.other_at - step.record_at)) > %(minutes)s * 60
                )
            )
        )
    union all
    -- booked, and not told by the other one though it tells of such steps since before
    select
        booked.unit_id,
        'other_lacks',
        booked.source || '/' || booked.event_id,
        booked.occurred_at
    from ledger.unit_event as fact
    inner join core.warehouse_event as booked
        on
            fact.unit_id = booked.unit_id
            and booked.outcome = 'booked'
            and fact.type = case booked.type
                when 'qc' then case when (booked.payload ->> 'passed')::boolean then 'qc_passed' else 'qc_failed' end
                else booked.type
            end
            and fact.occurred_at = booked.occurred_at
    inner join core.warehouse_source as believed on booked.source = believed.source
    inner join lateral (
        select min(event.occurred_at) as first_at
        from core.warehouse_source as telling
        inner join core.warehouse_event as event on telling.source = event.source
        where
            telling.warehouse = believed.warehouse
            and telling.source <> believed.source
            and event.merchant_id = %(merchant_id)s
            and event.outcome = 'compared'
            and event.type = booked.type
            and event.recorded_at > %(since)s
    ) as teller on booked.occurred_at >= teller.first_at
    where
        fact.merchant_id = %(merchant_id)s
        and fact.recorded_at > %(since)s
        and fact.recorded_at <= %(late)s
        and not exists (
            select 1
            from core.warehouse_event as event
            where event.unit_id = booked.unit_id and event.type = booked.type and event.outcome = 'compared'
        )
) as found;

insert into core.discrepancy as known (
    discrepancy_id, merchant_id, case_id, unit_id, order_code, kind, subject, opened_at, found_at, money_at_risk, owner,
    status
)
select distinct on (found.discrepancy_id)
    found.discrepancy_id,
    %(merchant_id)s,
    unit.case_id,
    found.unit_id,
    placed.code,
    found.kind,
    found.subject,
    found.opened_at,
    %(now)s::timestamptz,
    coalesce(line.base_price, 0),
    'warehouse' as owner,
    'open' as status
from found_compared as found
left join ledger.unit on found.unit_id = unit.unit_id
left join core.customer_order as placed on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
left join core.order_line as line on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
order by found.discrepancy_id
on conflict (discrepancy_id) do update
    set
        status = 'open',
        reopened_at = case when known.status = 'open' then known.reopened_at else %(now)s end,
        resolved_at = null,
        unit_id = excluded.unit_id,
        case_id = excluded.case_id
    where known.status <> 'open' or known.unit_id is distinct from excluded.unit_id;

update core.discrepancy
set
    status = 'resolved',
    resolved_at = %(now)s
where
    merchant_id = %(merchant_id)s
    and status = 'open'
    and kind in ('record_lacks', 'other_lacks', 'other_finding', 'other_time')
    and opened_at > %(since)s
    and discrepancy_id not in (
        select found_compared.discrepancy_id
        from found_compared
    );

select count(*)::integer as open
from core.discrepancy
where
    merchant_id = %(merchant_id)s
    and status = 'open'
    and kind in ('record_lacks', 'other_lacks', 'other_finding', 'other_time');
