-- The cases of these orders, with the pieces that count for each: by line, and when the first of them came.
with came as (
    select
        piece.case_id,
        array_agg(piece.entry_id) filter (where piece.entry_id is not null) as lines,
        min(piece.received_at) as first_receipt,
        count(*)::integer as units
    from core.case_piece(%(merchant_id)s, %(order_ids)s) as piece
    group by piece.case_id
)

select
    return_case.case_id,
    return_case.order_id,
    return_case.episode,
    return_case.application_number,
    return_case.entry_id,
    return_case.quantity,
    return_case.status,
    return_case.signal_status,
    return_case.closed_at,
    came.first_receipt,
    coalesce(came.lines, '{}') as lines,
    coalesce(came.units, 0) as units
from core.return_case
left join came on return_case.case_id = came.case_id
where return_case.merchant_id = %(merchant_id)s and return_case.order_id = any(%(order_ids)s)
order by return_case.order_id, return_case.episode;
