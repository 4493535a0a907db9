-- The units [first, beyond) of two years of returns, each with its order and line, made from its number. The newest of a
-- hundred are still expected, the hundred before them are in the house, all others are sold again or gone.
create temporary table grown on commit drop as
select
    numbered.number,
    (%(merchants)s::text[])[1 + numbered.number %% cardinality(%(merchants)s::text[])] as merchant_id,
    (%(first_code)s + numbered.number)::text as code,
    md5('unit' || numbered.number)::uuid as unit_id,
    'SKU' || numbered.mixed %% %(skus)s as sku,
    case
        when numbered.number >= %(expected_from)s then 'requested'
        when numbered.number >= %(here_from)s
            then (array['received', 'inspected', 'in_repair', 'unrecoverable', 'qc', 'on_sale', 'on_sale'])[
                1 + numbered.mixed %% 7
            ]
        else (array['resold', 'resold', 'resold', 'resold', 'resold', 'written_off', 'to_supplier'])[
            1 + numbered.mixed %% 7
        ]
    end as state,
    (array['main', 'main', 'resale', 'resale', 'off_kaspi'])[1 + numbered.mixed %% 5] as channel,
    (array[
        'changed_mind', 'changed_mind', 'does_not_fit', 'not_as_described', 'defective', 'damaged_in_transit', 'unknown'
    ])[1 + (numbered.mixed / 8) %% 7] as cause,
    numbered.mixed,
    %(now)s::timestamptz - (%(total)s - numbered.number) * %(step)s::interval as asked_at
from (
    select
        number,
        ((number * 2654435761 + 97) & 4294967295) # (((number * 2654435761 + 97) & 4294967295) >> 15) as mixed
    from generate_series(%(first)s::bigint, %(beyond)s::bigint - 1) as number
) as numbered;

insert into core.customer_order (
    merchant_id, order_id, code, state, status, total_price, delivery_cost_seller, created_at, store_id, city, carrier,
    payload_hash, fetched_at
)
select
    merchant_id,
    'o' || code,
    code,
    'ARCHIVE',
    'COMPLETED',
    990 + mixed %% 50000,
    895,
    asked_at - interval '6 days',
    'PP1',
    'Алматы',
    'Kaspi Доставка',
    decode(md5(code), 'hex'),
    asked_at
from grown
order by number;

insert into core.order_line (
    merchant_id, order_id, entry_id, entry_number, sku, product_name, quantity, base_price, total_price
)
select
    merchant_id,
    'o' || code,
    'e' || code,
    0,
    sku,
    'Крышка стеклянная 28 см (' || sku || ')',
    1,
    990 + mixed %% 50000,
    990 + mixed %% 50000
from grown
order by number;

-- what is still expected has its case; of some nobody knows how many pieces come
insert into core.return_case (
    case_id, merchant_id, order_id, return_kind, status, quantity, units_lo, units_hi, requested_from, requested_to
)
select
    md5('case' || number)::uuid,
    merchant_id,
    'o' || code,
    'customer_return',
    'applied',
    case when mixed %% 50 > 0 then 1 end,
    1,
    2,
    asked_at,
    asked_at
from grown
where state = 'requested'
order by number;

-- what came takes four days, the decision and the sale follow by hours that differ from unit to unit
insert into ledger.unit (
    unit_id, merchant_id, state, seq, order_id, entry_id, piece, sku, store_id, source, scan_id, unit_label, zone, channel,
    stated_reason, cause, signs_of_use, resale_price, requested_at, received_at, inspected_at, routed_at, qc_at, on_sale_at,
    resold_at, closed_at
)
select
    unit_id,
    merchant_id,
    state,
    case when state = 'requested' then 1 else 7 end,
    'o' || code,
    'e' || code,
    1,
    sku,
    'PP1',
    case when came then 'bench' end,
    case when came then 'scan-' || code end,
    case when came then 'L' || code end,
    case
        when state = 'received' then 'dock'
        when state = 'in_repair' then 'repair'
        when state = 'unrecoverable' then 'unrecoverable'
        when state in ('inspected', 'qc', 'on_sale') then 'resellable'
    end,
    case when state in ('on_sale', 'resold') then channel end,
    cause,
    case when came and state <> 'received' then cause end,
    case when came and state <> 'received' then false end,
    case when state = 'resold' then 700 + mixed %% 50000 end,
    asked_at,
    case when came then received_at end,
    case when came and state <> 'received' then decided_at end,
    case when came and state <> 'received' then decided_at end,
    case when state in ('qc', 'on_sale', 'resold') then decided_at + interval '6 hours' end,
    case when state in ('on_sale', 'resold') then on_sale_at end,
    case when state = 'resold' then on_sale_at + interval '6 days' end,
    case when state in ('resold', 'written_off', 'to_supplier') then on_sale_at + interval '6 days' end
from (
    select
        grown.*,
        grown.state <> 'requested' as came,
        grown.asked_at + interval '4 days' as received_at,
        grown.asked_at + interval '4 days' + (1 + grown.mixed %% 90) * interval '1 hour' as decided_at,
        grown.asked_at + interval '5 days' + (1 + grown.mixed %% 180) * interval '1 hour' as on_sale_at
    from grown
) as lived
order by number;
