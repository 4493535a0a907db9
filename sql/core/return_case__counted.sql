-- A case expects at least what has come, and is received once something has. What an application dates by its creation
-- began at the latest when the first of it came.
with came as (
    select
        piece.case_id,
        count(*)::integer as units,
        min(piece.received_at) as first_receipt,
        max(piece.received_at) as last_receipt
    from
        core.case_piece(
            %(merchant_id)s,
            (
                select array_agg(distinct return_case.order_id)
                from core.return_case
                where return_case.merchant_id = %(merchant_id)s and return_case.case_id = any(%(case_ids)s)
            )
        ) as piece
    where piece.received_at is not null
    group by piece.case_id
)

update core.return_case
set
    units_lo = least(return_case.units_hi, greatest(return_case.units_lo, came.units)),
    status = case
        when return_case.status in ('signalled', 'applied', 'in_transit', 'waiting_decision', 'lost') then 'received'
        else return_case.status
    end,
    -- lost, or given up after so many days: something came after all
    closed_at = case
        when return_case.quantity is null and (return_case.status = 'lost' or came.last_receipt > return_case.closed_at)
            then null
        else return_case.closed_at
    end,
    requested_from = case
        when return_case.application_number is not null then least(return_case.requested_from, came.first_receipt)
        else return_case.requested_from
    end,
    requested_to = case
        when return_case.application_number is not null then least(return_case.requested_to, came.first_receipt)
        else return_case.requested_to
    end
from came
where
    return_case.case_id = came.case_id
    and (
        return_case.units_lo < least(return_case.units_hi, came.units)
        or return_case.status in ('signalled', 'applied', 'in_transit', 'waiting_decision', 'lost')
        or (return_case.quantity is null and came.last_receipt > return_case.closed_at)
        or (return_case.application_number is not null and return_case.requested_to > came.first_receipt)
    );
