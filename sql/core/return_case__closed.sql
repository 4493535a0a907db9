-- A case is closed when nothing of it is on its way any more: all certain pieces of its line came or ended, or, where
-- nobody said how many, everything that was sold came, or nothing more came for as long as a parcel needs to be called
-- lost. One of which nothing came at all in that time, since it began or since the last word about it, is lost.
with clock as (
    select %(now)s::timestamptz - make_interval(days => (value)::text::integer) as since
    from ops.setting
    where name = 'lost_days'
),

came as (
    select
        piece.case_id,
        -- a piece without a line is one of its case
        count(*) filter (where (asked.entry_id = piece.entry_id) is not false) as units,
        count(*) filter (where piece.state in ('requested', 'in_transit', 'at_pickup_point')) as coming,
        max(piece.received_at) as last_received
    from
        core.case_piece(
            %(merchant_id)s,
            (
                select array_agg(distinct return_case.order_id)
                from core.return_case
                where return_case.merchant_id = %(merchant_id)s and return_case.closed_at is null
            )
        ) as piece
    inner join core.return_case as asked on piece.case_id = asked.case_id
    group by piece.case_id
),

over as (
    select
        return_case.case_id,
        came.case_id is null as lost
    from core.return_case
    cross join clock
    left join came on return_case.case_id = came.case_id
    left join core.application on return_case.case_id = application.case_id
    left join lateral (
        select max(observed.seen_from) as seen_from
        from core.order_observation as observed
        where
            came.case_id is null
            and return_case.quantity is null
            and observed.merchant_id = return_case.merchant_id
            and observed.order_id = return_case.order_id
    ) as heard on true
    where
        return_case.merchant_id = %(merchant_id)s
        and return_case.closed_at is null
        and case
            when came.case_id is null
                then
                    return_case.quantity is null
                    and greatest(return_case.requested_from, heard.seen_from, application.step_at) < clock.since
            else
                came.coming = 0
                and (
                    came.units >= coalesce(return_case.quantity, return_case.units_hi)
                    or came.last_received < clock.since
                )
        end
)

update core.return_case
set
    closed_at = %(now)s,
    status = case
        when over.lost and return_case.status in ('signalled', 'applied', 'in_transit', 'waiting_decision')
            then 'lost'
        else return_case.status
    end
from over
where return_case.case_id = over.case_id;
