-- Pieces that are here without a line and whose application has one by now, each with the next free number of that
-- line. What the line has left goes first; beyond it they take the place of pieces that are still expected of it, as
-- long as their own application, by its label, asks for them.
with waiting as (
    select
        unit.unit_id,
        home.case_id,
        home.application_number,
        home.quantity as asked,
        line.entry_id,
        line.sku,
        line.quantity as sold,
        row_number() over (partition by line.entry_id order by unit.received_at, unit.unit_id) as turn,
        row_number() over (partition by home.case_id order by unit.received_at, unit.unit_id) as turn_of_case
    from ledger.unit
    inner join core.return_case as home on unit.case_id = home.case_id
    inner join core.order_line as line on home.merchant_id = line.merchant_id and home.entry_id = line.entry_id
    where
        unit.merchant_id = %(merchant_id)s
        and unit.order_id = any(%(order_ids)s)
        and unit.entry_id is null
        and unit.received_at is not null
)

select
    waiting.unit_id,
    waiting.entry_id,
    coalesce(waiting.sku, 'unknown') as sku,
    (coalesce(born.last_piece, 0) + waiting.turn)::integer as piece
from waiting
left join lateral (
    select
        max(unit.piece) as last_piece,
        count(*) filter (where unit.state <> 'cancelled') as live,
        count(*) filter (
            where unit.state not in ('cancelled', 'requested', 'in_transit', 'at_pickup_point')
        ) as settled
    from ledger.unit
    where unit.merchant_id = %(merchant_id)s and unit.entry_id = waiting.entry_id
) as born on true
left join lateral (
    select count(*) as units
    from ledger.unit
    inner join core.warehouse_event as scan on unit.unit_id = scan.unit_id and scan.type = 'received'
    where
        unit.case_id = waiting.case_id
        and unit.entry_id is not null
        and scan.payload ->> 'return_label' = waiting.application_number || '-R'
) as labelled on true
where
    born.live + waiting.turn <= waiting.sold
    or (
        born.settled + waiting.turn <= waiting.sold
        and labelled.units + waiting.turn_of_case <= waiting.asked
    )
order by waiting.unit_id;
