-- The certain pieces that no unit stands for yet, one row a piece: of each line the next free numbers, given to its
-- cases in turn. Units that a scan brought forth before count; never more than the line sold.
with came as (
    select
        case_id,
        entry_id,
        count(*) as units
    from core.case_piece(%(merchant_id)s, %(order_ids)s)
    group by case_id, entry_id
),

asked as (
    select
        return_case.case_id,
        return_case.order_id,
        return_case.entry_id,
        return_case.episode,
        return_case.application_number,
        return_case.requested_from,
        return_case.quantity - coalesce(came.units, 0) as missing
    from core.return_case
    left join came on return_case.case_id = came.case_id and return_case.entry_id = came.entry_id
    where
        return_case.merchant_id = %(merchant_id)s
        and return_case.order_id = any(%(order_ids)s)
        and return_case.quantity > coalesce(came.units, 0)
        and return_case.closed_at is null
        and return_case.status <> 'cancelled'
),

-- few, and each looked up by its key: in a first load nothing is known yet of how large the other tables are
numbered as materialized (
    select
        asked.*,
        row_number() over (partition by asked.entry_id order by asked.episode, place.n) as turn
    from asked
    cross join lateral generate_series(1, asked.missing) as place (n)
)

select
    numbered.case_id,
    numbered.order_id,
    numbered.application_number,
    numbered.requested_from,
    line.entry_id,
    line.sku,
    line.store_id,
    (coalesce(born.last_piece, 0) + numbered.turn)::integer as piece
from numbered
inner join lateral (
    select
        order_line.entry_id,
        order_line.sku,
        order_line.quantity,
        placed.store_id
    from core.order_line
    inner join core.customer_order as placed
        on order_line.merchant_id = placed.merchant_id and order_line.order_id = placed.order_id
    where order_line.merchant_id = %(merchant_id)s and order_line.entry_id = numbered.entry_id
    order by order_line.entry_id
    limit 1
) as line on true
left join lateral (
    select
        max(unit.piece) as last_piece,
        count(*) filter (where unit.state <> 'cancelled') as live
    from ledger.unit
    where unit.merchant_id = %(merchant_id)s and unit.entry_id = numbered.entry_id
) as born on true
where born.live + numbered.turn <= line.quantity
order by numbered.requested_from, numbered.case_id, piece;
