-- The units behind a line of the balance: those that stood in a state when a day ended, as it was known at a moment.
-- They are found as ledger.balance counts them.
with moves as (
    select
        event.unit_id,
        event.seq,
        event.state_to,
        max(event.occurred_at) over life as happened_at,
        max(event.recorded_at) over life as learned_at
    from ledger.unit_event as event
    where event.merchant_id = %(merchant_id)s
    window life as (partition by event.unit_id order by event.seq)
),

stood as (
    select distinct on (moves.unit_id)
        moves.unit_id,
        moves.state_to as state,
        moves.happened_at
    from moves
    where
        moves.learned_at <= %(known_at)s
        and (least(moves.happened_at, %(known_at)s) at time zone 'Asia/Almaty')::date <= %(as_of)s
    order by moves.unit_id asc, moves.seq desc
)

select
    unit.unit_id,
    unit.merchant_id,
    unit.unit_label,
    unit.sku,
    stood.state,
    unit.requested_at,
    unit.received_at,
    stood.happened_at as since,
    placed.code as order_code,
    coalesce(product.name, line.product_name) as product_name,
    null as discrepancy_id
from stood
inner join ledger.unit on stood.unit_id = unit.unit_id
left join core.customer_order as placed on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
left join core.order_line as line on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
left join core.product on unit.merchant_id = product.merchant_id and unit.sku = product.sku
where stood.state = %(state)s
order by stood.happened_at desc, stood.unit_id asc
limit %(shown)s offset %(passed)s;
