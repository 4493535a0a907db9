-- One row a unit received since a week: when it moved on, what it cost, what it brought.
-- Durations in seconds from the first scan; NULL where the unit is not there yet. merchant_id NULL is the whole house.
with piece_count as (
    select
        line.merchant_id,
        line.order_id,
        sum(line.quantity) as pieces
    from core.order_line as line
    where line.merchant_id = %(merchant_id)s or %(merchant_id)s is null
    group by line.merchant_id, line.order_id
)

select
    coalesce(product.category, 'unknown') as category,
    date_trunc('week', unit.received_at at time zone 'Asia/Almaty')::date as week_start,
    unit.state,
    unit.channel,
    extract(epoch from unit.routed_at - unit.received_at)::float8 as routed_after,
    extract(epoch from coalesce(first_addition.at, unit.on_sale_at) - unit.received_at)::float8 as on_sale_after,
    case
        when coalesce(first_addition.at, unit.on_sale_at) is not null
            then coalesce(first_addition.proof, 'published')
    end as on_sale_proof,
    extract(epoch from unit.resold_at - unit.received_at)::float8 as resold_after,
    extract(epoch from unit.closed_at - unit.received_at)::float8 as closed_after,
    extract(epoch from %(now)s - unit.received_at)::float8 as open_for,
    case when unit.resold_at is not null then unit.resale_price end as proceeds,
    line.base_price as original_price,
    -- the forward delivery of an order is forfeited by the piece, not once for each of its pieces
    placed.delivery_cost_seller / nullif(piece_count.pieces, 0) as forward_delivery
from ledger.unit as unit
left join core.product as product
    on unit.merchant_id = product.merchant_id and unit.sku = product.sku
left join core.order_line as line
    on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
left join core.customer_order as placed
    on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
left join piece_count
    on unit.merchant_id = piece_count.merchant_id and unit.order_id = piece_count.order_id
left join lateral (
    select
        coalesce(addition.observed_at, addition.fetched_at, addition.published_at) as at,
        case
            when addition.observed_at is not null then 'observed'
            when addition.fetched_at is not null then 'fetched'
            else 'published'
        end as proof
    from channel.addition as addition
    where addition.unit_id = unit.unit_id and addition.published_at is not null
    order by addition.decision_seq
    limit 1
) as first_addition on true
where
    unit.received_at is not null
    and (unit.merchant_id = %(merchant_id)s or %(merchant_id)s is null)
    and unit.received_at >= (%(weeks_from)s)::timestamp at time zone 'Asia/Almaty'
    and unit.received_at < (%(weeks_to)s)::timestamp at time zone 'Asia/Almaty';
