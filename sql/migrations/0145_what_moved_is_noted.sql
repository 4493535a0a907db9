-- A look judges what was noted since the look before: whatever changes a piece notes it in the same transaction, and
-- the look takes the notes away that it sees. So it neither asks what was recorded since when, which somebody may
-- commit late, nor reads the pieces to learn of which orders they are. Like the verdicts, the notes are not written
-- ahead to the log: after a crash of the server everything is judged.
create unlogged table ops.unit_moved (
    merchant_id text not null,
    unit_id uuid,
    order_id text,
    check (num_nonnulls(unit_id, order_id) > 0)
);
create index unit_moved_merchant on ops.unit_moved (merchant_id);
comment on table ops.unit_moved is
'What the next look at expected and received is to judge: all pieces of an order, or a piece that has none.';

create function ops.note_moved() returns trigger
language plpgsql
as $$
begin
    insert into ops.unit_moved (merchant_id, unit_id, order_id)
    select
        moved.merchant_id,
        case when moved.order_id is null then moved.unit_id end,
        moved.order_id
    from moved;
    return null;
end
$$;
create trigger note_moved after update on ledger.unit
referencing new table as moved
for each statement execute function ops.note_moved();
create trigger note_moved_first after insert on ledger.unit
referencing new table as moved
for each statement execute function ops.note_moved();

-- Somebody told of a return of which nobody had told; or it names another number of pieces.
create function ops.note_told() returns trigger
language plpgsql
as $$
begin
    if tg_table_name = 'application' then
        insert into ops.unit_moved (merchant_id, order_id)
        select distinct
            opened.merchant_id,
            opened.order_id
        from told
        inner join core.return_case as opened on told.case_id = opened.case_id;
    elsif tg_op = 'INSERT' then
        insert into ops.unit_moved (merchant_id, order_id)
        select
            told.merchant_id,
            told.order_id
        from told
        where told.signal_status is not null;
    else
        insert into ops.unit_moved (merchant_id, order_id)
        select
            told.merchant_id,
            told.order_id
        from told
        inner join told_before on told.case_id = told_before.case_id
        where told.signal_status is distinct from told_before.signal_status;
    end if;
    return null;
end
$$;
create trigger note_told_first after insert on core.return_case
referencing new table as told
for each statement execute function ops.note_told();
create trigger note_told after update on core.return_case
referencing old table as told_before new table as told
for each statement execute function ops.note_told();
create trigger note_told_first after insert on core.application
referencing new table as told
for each statement execute function ops.note_told();
create trigger note_told after update on core.application
referencing new table as told
for each statement execute function ops.note_told();

-- As before; a return of which many pieces differ is looked up once.
create or replace function ops.note_discrepancies() returns trigger
language plpgsql
as $$
begin
    insert into ops.mart_touch (merchant_id, kind, week_start, because)
    with disputed as (
        select
            unit.merchant_id,
            least(unit.requested_at, unit.received_at) as known_at
        from discrepancy_told as told
        inner join ledger.unit as unit on told.unit_id = unit.unit_id
        union all
        select
            unit.merchant_id,
            least(unit.requested_at, unit.received_at) as known_at
        from (select distinct case_id from discrepancy_told) as told
        inner join ledger.unit as unit on told.case_id = unit.case_id
    )

    select distinct
        disputed.merchant_id,
        'signal',
        core.week_of(disputed.known_at),
        'discrepancy opened or settled'
    from disputed
    where disputed.known_at is not null;
    return null;
end
$$;

-- The covering index of the open ones serves whoever looked them up by this one.
drop index core.discrepancy_open;

-- What the last look saw of the events, and by which of them a verdict was found, is not asked any more.
drop function core.verdicts;
alter table ops.verdict_look drop column recorded;
alter table core.unit_verdict drop column seq;
delete from ops.verdict_look;

-- The rule of include/domain/reconcile.py over the units of a merchant, all of them (everything) or those named: all
-- units of some orders (moved), because a piece is judged beside the others of its return, and some that have no order
-- (loners). With them come the ids of all these, of those that wait and their orders, and the lines of which more than
-- one piece came.
-- Two records are compared: what the ledger expects and holds, and what the dock says it scanned. A test holds both
-- rules against each other.
create function core.verdicts(
    merchant text, looked_at timestamptz, overdue interval, lost interval, short interval, everything boolean,
    units uuid[], waiting uuid[], orders text[], lines text[], moved text[], loners uuid[]
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
            when judged.verdict = 'expected' then judged.first_came + short
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
                -- returns of which no application told, nor a status of their order, which speaks of all its returns at
                -- once: a return label alone names one that nobody has seen. Few pieces are asked, each by itself.
                when
                    unit.requested_at is null
                    and (
                        select true
                        from core.return_case as opened
                        where
                            opened.case_id = unit.case_id
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
                    ) then 'no_request'
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
                and came.case_id in (
                    select late.case_id
                    from ledger.unit as late
                    where
                        late.merchant_id = merchant
                        and late.state in ('requested', 'in_transit', 'at_pickup_point')
                        and (everything or late.unit_id = any(waiting))
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
                        from (
                            select
                                came.entry_id,
                                came.case_id,
                                max(came.piece) as piece
                            from ledger.unit as came
                            where
                                came.merchant_id = merchant
                                and came.received_at is not null
                                and came.piece > 1
                                and (everything or came.entry_id = any(lines))
                            group by came.entry_id, came.case_id
                        ) as high
                        inner join core.return_case as own on high.case_id = own.case_id
                        where high.piece > own.quantity and own.application_number is not null
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
                and (everything or loose.unit_id = any(loners))
                and exists (
                    select 1
                    from core.order_line as line
                    where
                        line.merchant_id = merchant
                        and line.order_id = placed.order_id
                        and line.sku = loose.sku
                )
        ) as named on unit.unit_id = named.unit_id
        where
            unit.merchant_id = merchant
            and (everything or unit.order_id = any(moved) or unit.unit_id = any(loners))
        offset 0 -- the verdict is found once, not once for every use of it
    ) as judged
$$;
