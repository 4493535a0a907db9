-- The orders [first, beyond) as they lie in a warehouse that read them long ago, made from their index as bench/orders.py
-- makes them. The newest of them (from under_way on) are still on their way; nothing else will change any more.
create temporary table past on commit drop as
select
    placed.*,
    rtrim(encode(convert_to(placed.code, 'UTF8'), 'base64'), '=') as order_id,
    case
        when placed.number >= %(under_way)s then 'ACCEPTED_BY_MERCHANT'
        when placed.mixed %% 50 = 7 then 'RETURNED'
        when placed.mixed %% 25 = 3 then 'CANCELLED'
        else 'COMPLETED'
    end as status,
    case when placed.number >= %(under_way)s then 'KASPI_DELIVERY' else 'ARCHIVE' end as state
from (
    select
        number,
        (%(first_code)s + number)::text as code,
        to_timestamp((%(end_ms)s - (%(total)s - number) * %(step_ms)s) / 1000.0) as created_at,
        ((number * 2654435761 + 97) & 4294967295) # (((number * 2654435761 + 97) & 4294967295) >> 15) as mixed
    from generate_series(%(first)s::bigint, %(beyond)s::bigint - 1) as number
) as placed;

create temporary table past_line on commit drop as
select
    line.order_id,
    line.status,
    line.created_at,
    line.entry_number,
    line.lines,
    rtrim(encode(convert_to(line.code || '##' || line.entry_number, 'UTF8'), 'base64'), '=') as entry_id,
    'SKU' || lpad((line.mixed %% %(skus)s)::text, 6, '0') as sku,
    1 + (line.mixed %% 20 = 0)::integer as quantity,
    990 + line.mixed %% 50000 as base_price
from (
    select
        past.order_id,
        past.code,
        past.status,
        past.created_at,
        place.entry_number,
        1 + (past.mixed %% 10 < 3)::integer as lines,
        ((place.seed * 2654435761 + 97) & 4294967295) # (((place.seed * 2654435761 + 97) & 4294967295) >> 15) as mixed
    from past
    cross join lateral (
        select
            entry_number,
            past.number * 4 + entry_number + 1 as seed
        from generate_series(0, (past.mixed %% 10 < 3)::integer) as entry_number
    ) as place
) as line;

insert into core.customer_order (
    merchant_id, order_id, code, state, status, total_price, delivery_cost_seller, payment_mode, delivery_mode,
    created_at, planned_delivery_at, handed_over_at, store_id, city, carrier, waybill, returned_to_warehouse,
    payload_hash, fetched_at
)
select
    %(merchant_id)s,
    past.order_id,
    past.code,
    past.state,
    past.status,
    worth.total_price,
    895,
    'PREPAID',
    'DELIVERY_PICKUP',
    past.created_at,
    past.created_at + interval '3 days',
    case when past.status in ('COMPLETED', 'RETURNED') then past.created_at + interval '1 day' end,
    'PP' || (1 + past.mixed %% 3),
    'Алматы',
    'Kaspi Доставка',
    (200000000 + past.number)::text,
    past.status = 'RETURNED',
    decode(md5(past.code || past.status) || md5(past.code), 'hex'),
    past.created_at + interval '1 hour'
from past
inner join (
    select
        order_id,
        sum(quantity * base_price) as total_price
    from past_line
    group by order_id
) as worth using (order_id)
order by past.number;

insert into core.order_line (
    merchant_id, order_id, entry_id, entry_number, sku, product_name, category, quantity, base_price, total_price,
    weight_g
)
select
    %(merchant_id)s,
    order_id,
    entry_id,
    entry_number,
    sku,
    'Крышка стеклянная 28 см (' || sku || ')',
    'Крышки для посуды',
    quantity,
    base_price,
    quantity * base_price,
    250 + entry_number
from past_line
order by created_at, entry_number;

insert into core.order_observation (merchant_id, order_id, status, state, seen_from, seen_to, episode)
select
    %(merchant_id)s,
    order_id,
    status,
    state,
    created_at,
    created_at + interval '1 hour',
    1
from past
order by number;

-- A payload is one line here and some two thousand characters in life; the database only ever reads it whole.
insert into raw.order_payload (merchant_id, order_id, payload, payload_hash, first_run, fetched_at)
select
    %(merchant_id)s,
    order_id,
    '{}',
    decode(md5(code || status) || md5(code), 'hex'),
    'history',
    created_at + interval '1 hour'
from past
order by number;

insert into core.return_case (
    case_id, merchant_id, order_id, return_kind, status, signal_status, quantity, units_lo, units_hi, requested_from,
    requested_to, closed_at
)
select
    md5(order_id)::uuid,
    %(merchant_id)s,
    order_id,
    'customer_return',
    'received',
    'RETURNED',
    1,
    1,
    1,
    created_at + interval '5 days',
    created_at + interval '6 days',
    created_at + interval '12 days'
from past_line
where status = 'RETURNED' and lines = 1 and quantity = 1;

insert into ledger.unit (
    unit_id, merchant_id, state, seq, case_id, order_id, entry_id, piece, sku, store_id, requested_at, received_at,
    closed_at
)
select
    md5(entry_id)::uuid,
    %(merchant_id)s,
    'sold_off_kaspi',
    9,
    md5(order_id)::uuid,
    order_id,
    entry_id,
    1,
    sku,
    'PP1',
    created_at + interval '5 days',
    created_at + interval '9 days',
    created_at + interval '12 days'
from past_line
where status = 'RETURNED' and lines = 1 and quantity = 1;
