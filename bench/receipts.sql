-- Expected and received pieces [first, beyond) of a merchant, with all that can become of them; made from their number.
-- Every tenth order has three pieces, which come in one scan each. kind: usual | coming (nothing of it
-- came yet) | one_order | one_barcode | nothing (what is expected does not come, what comes nobody expects).
create temporary table piece on commit drop as
select
    made.*,
    md5('unit' || made.number)::uuid as unit_id,
    md5('case' || made.order_number)::uuid as case_id,
    'o' || made.order_number as order_id,
    case when %(kind)s = 'one_order' then 'e' || made.number else 'e' || made.order_number end as entry_id,
    'SKU' || lpad((made.order_number %% 5000)::text, 6, '0') as sku,
    case
        when made.fate < 958 then 'received'
        when made.fate < 968 then 'requested'
        when made.fate < 974 then 'requested'
        when made.fate < 978 then 'lost'
        when made.fate < 981 then 'requested'
        when made.fate < 985 then 'cancelled'
        else 'received'
    end as came,
    %(now)s::timestamptz - make_interval(
        secs => case
            when made.fate between 958 and 967 or made.fate between 978 and 980 then 5 * 86400
            when made.fate between 968 and 973 then 20 * 86400
            when made.fate between 974 and 977 then 60 * 86400
            else 30 * 86400 + made.number %% 8000000
        end
    ) as requested_at
from (
    select
        number,
        case
            when %(kind)s = 'one_order' then %(first)s
            when number %% 12 < 3 then number - number %% 12
            else number
        end as order_number,
        case when %(kind)s <> 'one_order' and number %% 12 < 3 then 1 + number %% 12 else 1 end as piece,
        case when %(kind)s <> 'one_order' and number %% 12 < 3 then 3 else 1 end as sold,
        case
            when %(kind)s = 'nothing' then 960
            when %(kind)s = 'coming' then 960
            when %(kind)s = 'one_barcode' then 500
            else ((number * 2654435761) & 4294967295) %% 1000
        end as fate
    from generate_series(
        %(first)s::bigint, case when %(kind)s = 'one_barcode' then %(first)s::bigint else %(beyond)s::bigint - 1 end
    ) as number
) as made;

insert into core.customer_order (
    merchant_id, order_id, code, state, status, total_price, created_at, store_id, payload_hash
)
select distinct on (order_id)
    %(merchant_id)s,
    order_id,
    (100000000 + order_number)::text,
    'ARCHIVE',
    'COMPLETED',
    9900,
    requested_at,
    'PP1',
    ''::bytea
from piece
order by order_id, requested_at;

insert into core.order_line (
    merchant_id, order_id, entry_id, entry_number, sku, quantity, base_price, total_price
)
select distinct on (entry_id)
    %(merchant_id)s,
    order_id,
    entry_id,
    0,
    sku,
    sold,
    990 + number %% 50000,
    990 + number %% 50000
from piece
order by entry_id, number;

-- a hundredth of the returns of three was applied for as two
insert into core.return_case (
    case_id, merchant_id, order_id, episode, application_number, signal_status, return_kind, status, quantity,
    units_lo, units_hi, requested_from, requested_to, entry_id
)
select distinct on (case_id)
    case_id,
    %(merchant_id)s,
    order_id,
    1,
    case when fate < 991 or fate >= 995 then (100000000 + order_number) || '-1' end,
    case when fate < 991 or fate >= 995 then 'RETURNED' end,
    'customer_return',
    'received',
    case
        when %(kind)s = 'one_order' then null
        when sold = 3 and order_number %% 1200 = 0 then 2
        else sold
    end,
    1,
    case when %(kind)s = 'one_order' then 100000 else sold end,
    requested_at,
    requested_at,
    case when %(kind)s <> 'one_order' then entry_id end
from piece
order by case_id, number;

insert into ledger.unit (
    unit_id, merchant_id, state, seq, case_id, order_id, entry_id, piece, sku, store_id, source, scan_id, unit_label,
    finding, requested_at, received_at, inspected_at, closed_at
)
select
    unit_id,
    %(merchant_id)s,
    case
        when came = 'received' and fate between 985 and 987 then 'wrong_item'
        when came = 'received' and number %% 3 > 0 then 'resold'
        else came
    end,
    1,
    case_id,
    order_id,
    entry_id,
    case when %(kind)s = 'one_order' then 1 else piece end,
    sku,
    'PP1',
    case when came = 'received' then 'w1' end,
    case when came = 'received' then 's' || number end,
    case when came = 'received' then 'W1-' || number end,
    case when came = 'received' and fate between 985 and 987 then 'wrong_item' end,
    case when fate < 991 or fate >= 995 then requested_at end,
    case
        when came = 'received'
            then requested_at + make_interval(days => case when fate < 15 then 20 else 2 + (number %% 10)::integer end)
    end,
    case when came = 'received' then requested_at + interval '25 days' end,
    case
        when came in ('lost', 'cancelled') then requested_at + interval '45 days'
        when came = 'received' and number %% 3 > 0 and fate not between 985 and 987 then requested_at + interval '29 days'
    end
from piece;

-- the dock's scans; a thirtieth of the labels is scanned twice
insert into core.warehouse_event (
    source, event_id, merchant_id, type, occurred_at, actor, store_id, payload, recorded_at, "position", booked_at,
    outcome, unit_id
)
select
    'w1',
    's' || unit.number || '-' || scan.place,
    %(merchant_id)s,
    'received',
    unit.requested_at + interval '3 days' + make_interval(mins => scan.place::integer),
    'w1-dock-1',
    'PP1',
    jsonb_build_object('scan_id', 's' || unit.number, 'unit_label', 'W1-' || unit.number, 'order_code',
        (100000000 + unit.order_number)::text, 'sku', unit.sku, 'return_order_no', 'RO-' || unit.number),
    unit.requested_at + interval '3 days',
    unit.number * 2 + scan.place,
    unit.requested_at + interval '3 days',
    case when scan.place = 0 then 'booked' else 'duplicate_scan' end,
    unit.unit_id
from piece as unit
cross join lateral generate_series(
    0,
    case
        when %(kind)s = 'one_barcode' then %(beyond)s - %(first)s - 1
        when unit.fate < 30 then 1
        else 0
    end
) as scan (place)
where unit.came = 'received';

-- what the dock did not find in a parcel
insert into core.warehouse_event (
    source, event_id, merchant_id, type, occurred_at, payload, recorded_at, "position", booked_at, outcome
)
select
    'w1',
    'm' || number,
    %(merchant_id)s,
    'missing_from_parcel',
    requested_at + interval '4 days',
    jsonb_build_object('order_code', (100000000 + order_number)::text, 'sku', sku),
    requested_at + interval '4 days',
    number,
    requested_at + interval '4 days',
    'finding'
from piece
where fate between 978 and 980;

-- goods of nobody; some name an order that has all its pieces back
insert into ledger.unit (
    unit_id, merchant_id, state, seq, sku, store_id, source, scan_id, unit_label, unexpected, received_at
)
select
    md5('loose' || number)::uuid,
    %(merchant_id)s,
    'unexpected',
    1,
    sku,
    'PP1',
    'w1',
    'l' || number,
    'W1-L' || number,
    true,
    requested_at + interval '3 days'
from piece
where fate between 996 and 999 or %(kind)s = 'nothing';

insert into core.warehouse_event (
    source, event_id, merchant_id, type, occurred_at, payload, recorded_at, "position", booked_at, outcome, unit_id
)
select
    'w1',
    'l' || number,
    %(merchant_id)s,
    'received',
    requested_at + interval '3 days',
    case
        when fate = 999 then jsonb_build_object('order_code', (100000000 + order_number)::text, 'unit_label', 'W1-L' || number)
        else jsonb_build_object('unit_label', 'W1-L' || number)
    end,
    requested_at + interval '3 days',
    number,
    requested_at + interval '3 days',
    'booked',
    md5('loose' || number)::uuid
from piece
where fate between 996 and 999 or %(kind)s = 'nothing';
