-- A case is closed when nothing of it is on its way any more: all certain pieces of its line came or ended, or, where
-- nobody said how many, everything that was sold came, or nothing more came for as long as a parcel needs to be called
-- lost.
update core.return_case
set closed_at = %(now)s
from (
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
) as came, ops.setting as lost
where
    return_case.merchant_id = %(merchant_id)s
    and return_case.closed_at is null
    and return_case.case_id = came.case_id
    and lost.name = 'lost_days'
    and came.coming = 0
    and (
        came.units >= coalesce(return_case.quantity, return_case.units_hi)
        or came.last_received < %(now)s::timestamptz - make_interval(days => (lost.value)::text::integer)
    );
