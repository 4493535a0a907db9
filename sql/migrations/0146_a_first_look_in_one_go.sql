-- As before; the Monday is asked for once a quarter of an hour, of which every time zone's days are made, and not once
-- a piece.
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
        known.merchant_id,
        'signal',
        core.week_of(known.quarter),
        'discrepancy opened or settled'
    from (
        select distinct
            disputed.merchant_id,
            date_bin('15 minutes', disputed.known_at, '2000-01-01 00:00:00+00') as quarter
        from disputed
    ) as known
    where known.quarter is not null;
    return null;
end
$$;

-- As before; with each verdict comes what a case of it says of the piece.
drop function core.verdicts;
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
    settled boolean, case_id uuid, order_id text, entry_id text, sku text, unit_label text, requested_at timestamptz
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
        and judged.verdict in ('unexpected', 'over', 'wrong_item', 'no_request', 'unproven'),
        judged.case_id,
        judged.order_id,
        judged.entry_id,
        judged.sku,
        judged.unit_label,
        judged.requested_at
    from (
        select
            unit.unit_id,
            unit.merchant_id,
            unit.case_id,
            unit.order_id,
            unit.entry_id,
            unit.sku,
            unit.unit_label,
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
                and came.case_id is not null
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
