-- The units [first, beyond) of a ledger that has grown for years, each with its order, line and case, made from its
-- number. The newest are still expected, those before them are in the house, all others are sold again or gone.
create temporary table grown on commit drop as
select
    numbered.number,
    (%(first_code)s + numbered.number)::text as code,
    md5('unit' || numbered.number)::uuid as unit_id,
    md5('case' || numbered.number)::uuid as case_id,
    'o' || (%(first_code)s + numbered.number) as order_id,
    -- one of twenty is of the goods that come back most
    case when numbered.number %% 20 = 0 then 'SKU0' else 'SKU' || (1 + numbered.mixed %% %(skus)s) end as sku,
    case
        when numbered.number >= %(expected_from)s then 'requested'
        when numbered.number >= %(here_from)s then (array['received', 'inspected', 'qc', 'on_sale'])[1 + numbered.mixed %% 4]
        else (array['resold', 'resold', 'resold', 'written_off', 'to_supplier'])[1 + numbered.mixed %% 5]
    end as state,
    numbered.mixed,
    %(now)s::timestamptz - (%(total)s - numbered.number) * %(step)s::interval as ordered_at
from (
    select
        number,
        ((number * 2654435761 + 97) & 4294967295) # (((number * 2654435761 + 97) & 4294967295) >> 15) as mixed
    from generate_series(%(first)s::bigint, %(beyond)s::bigint - 1) as number
) as numbered;

insert into core.customer_order (
    merchant_id, order_id, code, state, status, total_price, delivery_cost_seller, payment_mode, delivery_mode, created_at,
    handed_over_at, store_id, city, carrier, waybill, payload_hash, fetched_at
)
select
    %(merchant_id)s,
    order_id,
    code,
    'ARCHIVE',
    'COMPLETED',
    990 + mixed %% 50000,
    895,
    'PREPAID',
    'DELIVERY_PICKUP',
    ordered_at,
    ordered_at + interval '1 day',
    'PP1',
    'Алматы',
    'Kaspi Доставка',
    'WB' || code,
    decode(md5(code), 'hex'),
    ordered_at
from grown
order by number;

insert into core.order_line (
    merchant_id, order_id, entry_id, entry_number, sku, product_name, category, quantity, base_price, total_price
)
select
    %(merchant_id)s,
    order_id,
    'e' || code,
    0,
    sku,
    'Крышка стеклянная 28 см (' || sku || ')',
    'Крышки для посуды',
    1,
    990 + mixed %% 50000,
    990 + mixed %% 50000
from grown
order by number;

insert into core.return_case (
    case_id, merchant_id, order_id, application_number, return_kind, status, signal_status, stated_reason, quantity,
    units_lo, units_hi, requested_from, requested_to, closed_at
)
select
    case_id,
    %(merchant_id)s,
    order_id,
    code || '-1',
    'customer_return',
    case when state = 'requested' then 'applied' else 'received' end,
    'COMPLETED',
    'changed_mind',
    1,
    1,
    1,
    ordered_at + interval '5 days',
    ordered_at + interval '5 days',
    case when state <> 'requested' then ordered_at + interval '12 days' end
from grown
order by number;

insert into ledger.unit (
    unit_id, merchant_id, state, seq, case_id, order_id, entry_id, piece, sku, store_id, source, scan_id, unit_label,
    return_order_no, grade, route, zone, worked_by, stated_reason, finding, cause, cause_confidence, signs_of_use,
    requested_at, received_at, inspected_at, routed_at, qc_at, closed_at
)
select
    unit_id,
    %(merchant_id)s,
    state,
    case when state = 'requested' then 1 else 7 end,
    case_id,
    order_id,
    'e' || code,
    1,
    sku,
    'PP1',
    case when state <> 'requested' then %(source)s end,
    case when state <> 'requested' then 'scan-' || code end,
    case when state <> 'requested' then 'L' || code end,
    case when state <> 'requested' then 'RO-' || code end,
    case when state not in ('requested', 'received') then 'A' end,
    case when state not in ('requested', 'received') then 'main' end,
    case when state in ('received', 'inspected', 'qc', 'on_sale') then 'resellable' end,
    case when state not in ('requested', 'received') then array['somebody'] end,
    'changed_mind',
    case when state not in ('requested', 'received') then 'no_fault' end,
    case when state not in ('requested', 'received') then 'changed_mind' end,
    case when state not in ('requested', 'received') then 0.8 end,
    case when state not in ('requested', 'received') then false end,
    ordered_at + interval '5 days',
    case when state <> 'requested' then ordered_at + interval '9 days' end,
    case when state not in ('requested', 'received') then ordered_at + interval '10 days' end,
    case when state not in ('requested', 'received') then ordered_at + interval '10 days' end,
    case when state not in ('requested', 'received', 'inspected') then ordered_at + interval '11 days' end,
    case when state in ('resold', 'written_off', 'to_supplier') then ordered_at + interval '20 days' end
from grown
order by number;
