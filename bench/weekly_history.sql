-- Weeks of orders [first, beyond) of %(merchants)s merchants and what became of them, made from their numbers. A week of
-- a merchant has %(orders)s orders of a hundred pieces, of which five come back, in one case: the sold are kept as sums.
-- dense: %(pieces)s orders of one piece instead, of which one in twenty comes back and one in ten is on its way still.
-- Every piece has been put on sale, has been sold or has been written off by %(now)s; what would wait is left out.
create temporary table placed on commit drop as
select
    made.*,
    'm' || made.merchant || 'w' || made.week || 'o' || made.number as order_id,
    'bench-' || made.merchant as merchant_id,
    %(begin)s::timestamptz + make_interval(
        days => 7 * made.week, secs => made.number * (600000.0 / made.orders)
    ) as created_at,
    made.dense and made.number %% 10 = 3 as under_way,
    case when made.dense then made.number %% 20 = 0 else true end as is_back
from (
    select
        merchant,
        week,
        number,
        %(dense)s as dense,
        case when %(dense)s then %(pieces)s else %(orders)s end as orders
    from generate_series(%(merchant)s::integer, %(merchant)s::integer + %(merchants)s - 1) as merchant
    cross join generate_series(%(first)s::integer, %(beyond)s::integer - 1) as week
    cross join generate_series(0, case when %(dense)s then %(pieces)s else %(orders)s end - 1) as number
) as made;

insert into core.customer_order (
    merchant_id, order_id, code, state, status, total_price, delivery_cost_seller, created_at, planned_delivery_at,
    handed_over_at, store_id, city, carrier, payload_hash
)
select
    merchant_id,
    order_id,
    order_id,
    'ARCHIVE',
    case when under_way then 'ACCEPTED_BY_MERCHANT' else 'COMPLETED' end,
    10000,
    900,
    created_at,
    created_at + interval '3 days',
    created_at + interval '1 day',
    'PP1',
    (array['Алматы', 'Астана', 'Шымкент'])[1 + number %% 3],
    (array['Kaspi Доставка', 'Курьер'])[1 + (number / 3) %% 2],
    ''::bytea
from placed;

insert into core.order_line (
    merchant_id, order_id, entry_id, entry_number, sku, quantity, base_price, total_price
)
select
    merchant_id,
    order_id,
    order_id || '#',
    0,
    'SKU' || lpad((number %% %(skus)s)::text, 4, '0'),
    case when dense then 1 else 100 end,
    10000,
    10000
from placed;

insert into core.order_observation (merchant_id, order_id, status, state, seen_from, seen_to, episode)
select
    merchant_id,
    order_id,
    'COMPLETED',
    'ARCHIVE',
    created_at + interval '3 days',
    created_at + interval '3 days 1 hour',
    1
from placed
where not under_way;

create temporary table piece on commit drop as
select
    piece.*,
    piece.requested_at + make_interval(hours => 60 + piece.piece * 9) as received_at
from (
    select
        placed.merchant_id,
        placed.order_id,
        placed.number,
        placed.week,
        md5('case' || placed.order_id)::uuid as case_id,
        nth as piece,
        md5('unit' || placed.order_id || nth)::uuid as unit_id,
        placed.created_at + make_interval(days => 4 + placed.number %% 17) as requested_at,
        -- of a dense week every twentieth order came back: they are counted by themselves, and some of them still wait
        (case when placed.dense then placed.number / 20 else placed.number end + nth * 7) %% 20 as fate
    from placed
    cross join generate_series(1, case when placed.dense then 1 else 5 end) as nth
    where placed.is_back and not placed.under_way
) as piece
where piece.requested_at + interval '20 days' <= %(now)s;

insert into core.return_case (
    case_id, merchant_id, order_id, entry_id, return_kind, status, stated_reason, quantity, units_lo, units_hi,
    requested_from, requested_to
)
select distinct on (case_id)
    case_id,
    merchant_id,
    order_id,
    order_id || '#',
    'customer_return',
    'closed',
    'defective',
    count(*) over (partition by case_id),
    count(*) over (partition by case_id),
    count(*) over (partition by case_id),
    requested_at - interval '1 hour',
    requested_at
from piece
order by case_id, piece;

insert into ledger.unit (
    unit_id, merchant_id, state, seq, case_id, order_id, entry_id, piece, sku, store_id, source, scan_id, grade, route,
    stated_reason, finding, cause, signs_of_use, channel, offer_sku, resale_price, requested_at, received_at,
    inspected_at, routed_at, qc_at, restocked_at, on_sale_at, resold_at, closed_at
)
select
    unit_id,
    merchant_id,
    case when fate < 3 then 'written_off' when fate < 16 then 'resold' else 'on_sale' end,
    7,
    case_id,
    order_id,
    order_id || '#',
    piece,
    'SKU' || lpad((number %% %(skus)s)::text, 4, '0'),
    'PP1',
    'bench',
    unit_id::text,
    'A',
    case when fate < 3 then 'write_off' else 'main' end,
    'defective',
    case when fate < 3 then 'defective' else 'no_fault' end,
    case when fate < 3 then 'defective' else 'changed_mind' end,
    false,
    case when fate >= 3 then 'main' end,
    case when fate >= 3 then 'SKU' || lpad((number %% %(skus)s)::text, 4, '0') end,
    case when fate >= 3 then 9500 end,
    requested_at,
    received_at,
    received_at + make_interval(hours => 3 + fate),
    received_at + make_interval(hours => 3 + fate),
    case when fate >= 3 then received_at + interval '1 day 6 hours' end,
    case when fate >= 3 then received_at + interval '1 day 7 hours' end,
    case when fate >= 3 then received_at + interval '1 day 8 hours' end,
    case when fate between 3 and 15 then received_at + make_interval(days => 2, hours => fate * 9) end,
    case
        when fate < 3 then received_at + interval '2 days'
        when fate < 16 then received_at + make_interval(days => 2, hours => fate * 9)
    end
from piece;
