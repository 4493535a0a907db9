-- Unexpected units whose scan named an order that a case is open for now, each with the next free piece of its line.
-- A case that lacks pieces is served first, then the oldest; never more than the line sold.
with waiting as (
    select
        unit.unit_id,
        unit.sku,
        placed.order_id
    from ledger.unit
    inner join core.warehouse_event as scan on unit.unit_id = scan.unit_id and scan.type = 'received'
    inner join core.customer_order as placed
        on
            unit.merchant_id = placed.merchant_id
            and placed.code in (scan.payload ->> 'order_code', split_part(scan.payload ->> 'return_label', '-', 1))
    where
        unit.merchant_id = %(merchant_id)s
        and unit.state = 'unexpected'
        and placed.order_id = any(%(order_ids)s)
),

chosen as (
    select distinct on (waiting.unit_id)
        waiting.unit_id,
        return_case.case_id,
        line.order_id,
        line.entry_id,
        line.sku,
        line.quantity
    from waiting
    inner join core.return_case
        on return_case.merchant_id = %(merchant_id)s and waiting.order_id = return_case.order_id
    inner join core.order_line as line
        on
            return_case.merchant_id = line.merchant_id
            and return_case.order_id = line.order_id
            and waiting.sku = line.sku
            and (return_case.entry_id is null or return_case.entry_id = line.entry_id)
    left join lateral (
        select count(*) as units
        from ledger.unit
        where
            unit.case_id = return_case.case_id
            and unit.entry_id = line.entry_id
            and unit.state <> 'cancelled'
    ) as came on true
    where return_case.closed_at is null and return_case.status <> 'cancelled'
    order by
        waiting.unit_id asc,
        coalesce(return_case.quantity > came.units, false) desc,
        return_case.episode asc,
        line.entry_number asc
),

numbered as (
    select
        chosen.*,
        row_number() over (partition by chosen.entry_id order by chosen.unit_id) as turn
    from chosen
)

select
    numbered.unit_id,
    numbered.case_id,
    numbered.order_id,
    numbered.entry_id,
    numbered.sku,
    (coalesce(born.last_piece, 0) + numbered.turn)::integer as piece
from numbered
left join lateral (
    select
        max(unit.piece) as last_piece,
        count(*) filter (where unit.state <> 'cancelled') as live
    from ledger.unit
    where unit.merchant_id = %(merchant_id)s and unit.entry_id = numbered.entry_id
) as born on true
where born.live + numbered.turn <= numbered.quantity
order by numbered.unit_id;
