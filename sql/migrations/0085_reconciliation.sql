-- Expected against received, unit by unit. core.unit_verdict is what became of every expectation and of every receipt,
-- as of the merchant's last look; a difference is a case in core.discrepancy, and what becomes of it is an event.

insert into ops.setting (name, value, meaning) values
('short_days', '3', 'so many days after the first piece of a return came, a piece that did not is short'),
(
    'difference_days',
    '{"lost": 7, "missing_from_parcel": 3, "unexpected": 7, "wrong_item": 3, "over": 7, "no_request": 14, "duplicate_scan": 3, "unproven": 1}', -- noqa: LT05
    'so many days after a difference was found somebody has settled it; overdue and short are due when they are lost'
);

create table core.unit_verdict (
    unit_id uuid primary key,
    merchant_id text not null,
    verdict text not null check (
        verdict in (
            'expected', 'matched', 'late', 'overdue', 'lost', 'short', 'missing_from_parcel', 'unexpected', 'over',
            'wrong_item', 'no_request', 'unproven', 'cancelled'
        )
    ),
    since timestamptz,
    turns_at timestamptz,
    repeats integer not null,
    settled boolean not null
);
comment on table core.unit_verdict is
'Expected against received: one row a unit, as of the merchant''s last look. No foreign key: it is written with the
unit''s own events in one transaction, and a check compares both every night.';
comment on column core.unit_verdict.since is 'Since when it is so by the facts, not since when it is known.';
comment on column core.unit_verdict.turns_at is 'When the clock alone changes the verdict.';
comment on column core.unit_verdict.repeats is 'How often the dock scanned the piece again after it had been received.';
comment on column core.unit_verdict.settled is 'The difference is over: the piece left the house.';
create index unit_verdict_turns on core.unit_verdict (merchant_id, turns_at) where turns_at is not null;

-- What the dock reports of a parcel, beside what it received of it.
create index warehouse_event_missing on core.warehouse_event (merchant_id, (payload ->> 'order_code'))
where type = 'missing_from_parcel';
create index warehouse_event_report on core.warehouse_event (merchant_id, recorded_at)
where type = 'missing_from_parcel' or outcome = 'duplicate_scan';

create index unit_unexpected on ledger.unit (merchant_id) where unexpected;

alter table core.discrepancy
add column found_at timestamptz,
add column reopened_at timestamptz,
add column resolution text,
add column resolved_by text,
add column note text,
add constraint a_person_says_why check (resolved_by is null or (status = 'resolved' and resolution is not null));
comment on column core.discrepancy.opened_at is 'Since when it is so; found_at: since when we know.';
comment on column core.discrepancy.resolution is
'How it ended, a code of the domain; NULL where a flow of another stage closed it.';
comment on column core.discrepancy.resolved_by is 'The person who settled it; NULL: the facts did.';
drop index core.discrepancy_open;
create index discrepancy_open on core.discrepancy (merchant_id, kind) where status = 'open';
create index discrepancy_resolved on core.discrepancy (merchant_id, resolved_at) where status = 'resolved';

create table core.discrepancy_event (
    discrepancy_id uuid not null references core.discrepancy,
    seq integer not null check (seq > 0),
    status text not null check (status in ('open', 'resolved')),
    resolution text,
    note text,
    actor text not null check (actor <> ''),
    recorded_at timestamptz not null,
    primary key (discrepancy_id, seq)
);
comment on table core.discrepancy_event is
'Append-only: what became of a difference after it was found, and who says so. It was found at found_at of its row.';
create trigger append_only before update or delete or truncate on core.discrepancy_event
for each statement execute function core.refuse_change();

-- The cases of before: those that were closed, were closed by the facts; a unit's own are known by its id from now on.
insert into core.discrepancy_event (discrepancy_id, seq, status, actor, recorded_at)
select
    discrepancy_id,
    1,
    'resolved',
    'pipeline',
    coalesce(resolved_at, opened_at)
from core.discrepancy
where status = 'resolved' and kind not in ('duplicate_scan', 'unexpected', 'wrong_item');
delete from core.discrepancy
where kind in ('duplicate_scan', 'unexpected', 'wrong_item');

-- Whoever changes the state of a difference, the change is an event of its own.
create function core.keep_discrepancy_event() returns trigger language plpgsql as $$
begin
    insert into core.discrepancy_event (discrepancy_id, seq, status, resolution, note, actor, recorded_at)
    select
        became.discrepancy_id,
        1 + (
            select count(*)
            from core.discrepancy_event as earlier
            where earlier.discrepancy_id = became.discrepancy_id
        ),
        became.status,
        became.resolution,
        became.note,
        coalesce(nullif(current_setting('qaitarym.actor', true), ''), 'pipeline'),
        case became.status
            when 'resolved' then became.resolved_at
            else coalesce(became.reopened_at, was.resolved_at)
        end
    from became
    inner join was on became.discrepancy_id = was.discrepancy_id
    where became.status <> was.status;
    return null;
end
$$;
create trigger keep_event after update on core.discrepancy
referencing old table as was new table as became
for each statement execute function core.keep_discrepancy_event();

-- The differences that were open at a moment, as they were known then.
create function core.differences_known(merchants text[], known_at timestamptz)
returns setof core.discrepancy
language sql stable
as $$
    select discrepancy.*
    from core.discrepancy
    where
        discrepancy.merchant_id = any(merchants)
        and coalesce(discrepancy.found_at, discrepancy.opened_at) <= known_at
        and coalesce(
            (
                select event.status
                from core.discrepancy_event as event
                where event.discrepancy_id = discrepancy.discrepancy_id and event.recorded_at <= known_at
                order by event.seq desc
                limit 1
            ),
            'open'
        ) = 'open'
$$;

-- The rule of include/domain/reconcile.py over the units of a merchant, all of them (everything) or those named: these
-- with all units of their orders, because a piece is judged beside the others of its return. With them come their
-- orders, the lines of which more than one piece came, and the cases of which a piece came that nobody had requested.
-- Two records are compared: what the ledger expects and holds, and what the dock says it scanned. A test holds both
-- rules against each other.
create function core.verdicts(
    merchant text, looked_at timestamptz, overdue interval, lost interval, short interval, everything boolean,
    units uuid[], orders text[], lines text[], cases uuid[]
)
returns table (
    unit_id uuid, merchant_id text, verdict text, since timestamptz, turns_at timestamptz, repeats integer,
    settled boolean
)
language sql stable
as $$
    select
        judged.unit_id,
        judged.merchant_id,
        judged.verdict,
        case
            when judged.verdict = 'expected' then judged.requested_at
            when judged.verdict = 'overdue' then judged.requested_at + overdue
            when judged.verdict = 'lost' then least(judged.requested_at + lost, judged.closed_at)
            when judged.verdict = 'short' then judged.first_came + short
            when judged.verdict = 'missing_from_parcel' then judged.reported_at
            when judged.verdict = 'cancelled' then judged.closed_at
            when judged.verdict = 'wrong_item' then judged.inspected_at
            else coalesce(judged.received_at, judged.requested_at)
        end,
        case
            when judged.verdict = 'expected'
                then least(judged.requested_at + overdue, judged.first_came + short)
        end,
        judged.repeats,
        judged.closed_at is not null
        and judged.verdict in ('unexpected', 'over', 'wrong_item', 'no_request', 'unproven')
    from (
        select
            unit.unit_id,
            unit.merchant_id,
            unit.requested_at,
            unit.received_at,
            unit.inspected_at,
            unit.closed_at,
            part.first_came,
            absent.reported_at,
            coalesce(scan.repeats, 0)::integer as repeats,
            case
                when unit.received_at is null and scan.booked
                    or unit.received_at is not null and scan.accepted is not true then 'unproven'
                when unit.received_at is null
                    then case
                        when unit.state = 'cancelled' then 'cancelled'
                        when unit.state not in ('requested', 'in_transit', 'at_pickup_point', 'lost') then 'unproven'
                        when absent.reported_at is not null then 'missing_from_parcel'
                        when unit.state = 'lost' then 'lost'
                        when part.first_came + short <= looked_at then 'short'
                        when unit.requested_at + overdue <= looked_at then 'overdue'
                        else 'expected'
                    end
                when unit.unexpected and unit.order_id is null
                    then case when named.unit_id is null then 'unexpected' else 'over' end
                when
                    unit.finding = 'wrong_item'
                    and unit.state in ('wrong_item', 'to_supplier', 'disposed', 'returned_to_buyer') then 'wrong_item'
                when crowd.place > crowd.asked then 'over'
                when silent.case_id is not null then 'no_request'
                when unit.received_at > unit.requested_at + overdue then 'late'
                else 'matched'
            end as verdict
        from ledger.unit
        -- the dock's side: how often it scanned the piece, and what became of these scans
        left join (
            select
                told.unit_id,
                bool_or(told.outcome = 'booked') as booked,
                bool_or(told.outcome in ('booked', 'waiting')) as accepted,
                count(*) filter (where told.outcome = 'duplicate_scan') as repeats
            from core.warehouse_event as told
            where
                told.merchant_id = merchant
                and told.type = 'received'
                and told.outcome in ('booked', 'waiting', 'duplicate_scan')
                and (everything or told.unit_id = any(units))
            group by told.unit_id
        ) as scan on unit.unit_id = scan.unit_id
        -- returns of which something came and something did not
        left join (
            select
                came.case_id,
                min(came.received_at) as first_came
            from ledger.unit as came
            where
                came.merchant_id = merchant
                and came.received_at is not null
                and (everything or came.unit_id = any(units))
                and came.case_id in (
                    select waiting.case_id
                    from ledger.unit as waiting
                    where
                        waiting.merchant_id = merchant
                        and waiting.state in ('requested', 'in_transit', 'at_pickup_point')
                        and (everything or waiting.unit_id = any(units))
                )
            group by came.case_id
        ) as part
            on unit.case_id = part.case_id and unit.state in ('requested', 'in_transit', 'at_pickup_point')
        -- pieces that the dock says were not in their parcel: as many as it reported and did not receive since
        left join (
            select
                piece.unit_id,
                min(piece.reported_at) as reported_at
            from (
                select
                    named.unit_id,
                    named.waits,
                    report.reported_at,
                    report.reports,
                    count(*) filter (where named.received_at > report.reported_at) over (
                        partition by report.order_id, report.sku
                    ) as came,
                    row_number() over (
                        partition by report.order_id, report.sku, named.waits order by named.requested_at, named.unit_id
                    ) as place
                from (
                    select
                        placed.order_id,
                        told.payload ->> 'sku' as sku,
                        count(*) as reports,
                        min(told.occurred_at) as reported_at
                    from core.warehouse_event as told
                    inner join core.customer_order as placed
                        on
                            placed.merchant_id = merchant
                            and placed.code = told.payload ->> 'order_code'
                    where
                        told.merchant_id = merchant
                        and told.type = 'missing_from_parcel'
                        and told.outcome = 'finding'
                        and (
                            everything
                            or placed.order_id = any(orders)
                        )
                    group by placed.order_id, told.payload ->> 'sku'
                ) as report
                inner join (
                    select
                        one.*,
                        one.received_at is null
                        and one.state in ('requested', 'in_transit', 'at_pickup_point', 'lost') as waits
                    from ledger.unit as one
                ) as named
                    on
                        named.merchant_id = merchant
                        and report.order_id = named.order_id
                        and (report.sku is null or report.sku = named.sku)
            ) as piece
            where piece.waits and piece.place <= piece.reports - piece.came
            group by piece.unit_id
        ) as absent on unit.unit_id = absent.unit_id
        -- lines of which more came than their applications ask for: the last of them are too many
        left join (
            select
                piece.unit_id,
                crowded.asked,
                row_number() over (partition by piece.entry_id order by piece.received_at, piece.unit_id) as place
            from (
                select
                    asking.entry_id,
                    sum(asking.quantity) as asked
                from core.return_case as asking
                where
                    asking.merchant_id = merchant
                    and asking.status <> 'cancelled'
                    and asking.entry_id in (
                        select high.entry_id
                        from ledger.unit as high
                        inner join core.return_case as own on high.case_id = own.case_id
                        where
                            high.merchant_id = merchant
                            and high.received_at is not null
                            and high.piece > own.quantity
                            and own.application_number is not null
                            and high.piece > 1
                            and (everything or high.entry_id = any(lines))
                    )
                group by asking.entry_id
                -- whoever does not say how many come back, cannot get too many
                having bool_and(asking.quantity is not null)
            ) as crowded
            inner join ledger.unit as piece on crowded.entry_id = piece.entry_id and piece.merchant_id = merchant
            where piece.received_at is not null
        ) as crowd on unit.unit_id = crowd.unit_id
        -- goods of nobody that name an order which holds such goods: it has all its pieces back
        left join (
            select distinct loose.unit_id
            from ledger.unit as loose
            inner join core.warehouse_event as dock
                on
                    loose.unit_id = dock.unit_id
                    and dock.type = 'received'
                    and dock.outcome in ('booked', 'waiting')
            inner join core.customer_order as placed
                on
                    placed.merchant_id = merchant
                    and placed.code = coalesce(
                        dock.payload ->> 'order_code', split_part(dock.payload ->> 'return_label', '-', 1)
                    )
            where
                loose.merchant_id = merchant
                and loose.unexpected
                and loose.order_id is null
                and (everything or loose.unit_id = any(units))
                and exists (
                    select 1
                    from core.order_line as line
                    where
                        line.merchant_id = merchant
                        and line.order_id = placed.order_id
                        and line.sku = loose.sku
                )
        ) as named on unit.unit_id = named.unit_id
        -- returns of which no application told, nor a status of their order, which speaks of all its returns at once: a
        -- return label alone names one that nobody has seen
        left join (
            select opened.case_id
            from core.return_case as opened
            where
                opened.merchant_id = merchant
                and not exists (
                    select 1
                    from core.return_case as beside
                    where
                        beside.merchant_id = merchant
                        and beside.order_id = opened.order_id
                        and beside.signal_status is not null
                )
                and not exists (
                    select 1
                    from core.application
                    where application.case_id = opened.case_id
                )
                and (everything or opened.case_id = any(cases))
        ) as silent on unit.case_id = silent.case_id and unit.requested_at is null
        where unit.merchant_id = merchant and (everything or unit.unit_id = any(units))
        offset 0 -- the verdict is found once, not once for every use of it
    ) as judged
$$;

drop view mart.discrepancy;
create view mart.discrepancy as
select
    discrepancy_id,
    case_id,
    merchant_id,
    kind,
    order_code,
    unit_id,
    opened_at,
    due_at,
    money_at_risk,
    status,
    owner,
    coalesce(found_at, opened_at) as found_at,
    resolved_at,
    resolution,
    resolved_by
from core.discrepancy;

create view mart.receipt as
select
    unit_id,
    merchant_id,
    verdict,
    since,
    repeats,
    settled
from core.unit_verdict;
comment on view mart.receipt is 'Expected against received: what became of every unit, as of the newest look.';
