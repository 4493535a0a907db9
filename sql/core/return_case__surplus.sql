-- Units on their way that no application asks for any more: its quantity became smaller. The last one goes first.
select
    piece.unit_id,
    piece.case_id
from core.case_piece(%(merchant_id)s, %(order_ids)s) as piece
inner join core.return_case on piece.case_id = return_case.case_id
where
    piece.surplus
    and return_case.application_number is not null
    and return_case.entry_id = piece.entry_id
    and piece.state in ('requested', 'in_transit', 'at_pickup_point')
order by piece.unit_id;
