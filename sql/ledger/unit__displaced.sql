-- Pieces still expected of these orders beyond what their line sold: others of the line came in their place.
with numbered as (
    select
        unit.unit_id,
        unit.case_id,
        unit.state,
        line.quantity,
        row_number() over (
            partition by unit.entry_id
            order by unit.state in ('requested', 'in_transit', 'at_pickup_point'), unit.piece
        ) as place
    from ledger.unit
    inner join core.order_line as line on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
    where
        unit.merchant_id = %(merchant_id)s
        and unit.order_id = any(%(order_ids)s)
        and unit.state <> 'cancelled'
)

select
    unit_id,
    case_id
from numbered
where place > quantity and state in ('requested', 'in_transit', 'at_pickup_point')
order by unit_id;
