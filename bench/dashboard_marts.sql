-- What else the pages read: catalogue, KPIs of two years, signals, open differences, claims, the flows' newest parts.
insert into core.product (merchant_id, sku, name, category, supplier)
select
    merchant_id,
    'SKU' || number,
    'Крышка ' || number,
    'Категория ' || number %% 9,
    -- a supplier delivers goods of one category, some of two
    'Поставщик ' || (number %% 9 * 5 + number / 9 %% 6)
from unnest(%(merchants)s::text[]) as merchant_id
cross join generate_series(0, %(skus)s - 1) as number;

insert into mart.kpi_weekly (
    merchant_id, category, sku, week_start, kpi, horizon_days, version, known_on, value, lo, hi, n
)
select
    whose.merchant_id,
    goods.category,
    goods.sku,
    %(week)s::date - 7 * back,
    told.kpi,
    told.horizon_days,
    %(version)s,
    %(week)s::date - 7 * back + 7,
    told.value + back %% 5,
    null,
    null,
    200
from (
    select null as merchant_id
    union all
    select unnest(%(merchants)s::text[])
) as whose
cross join (
    select
        null as category,
        null as sku
    union all
    select
        'Категория ' || number,
        null
    from generate_series(0, 8) as number
    union all
    select
        'Категория ' || number %% 9,
        'SKU' || number
    from generate_series(0, 99) as number
) as goods
cross join (
    values ('return_rate', 14, 0.08), ('return_rate', 30, 0.11), ('processing_time_p50', null, 20),
    ('processing_time_p90', null, 60), ('time_to_sellable_p50', null, 60), ('time_to_sellable_p90', null, 200),
    ('relisted_share', null, 0.7), ('resale_share', 30, 0.5), ('resale_share_value', 30, 0.45),
    ('reverse_logistics_cost', null, 2500), ('net_recovery', null, 9000), ('reconciled_share', null, 0.97)
) as told (kpi, horizon_days, value)
cross join generate_series(0, 103) as back;

insert into mart.kpi_weekly (
    merchant_id, category, sku, week_start, kpi, horizon_days, version, known_on, value, lo, hi, n
)
select
    merchant_id,
    'Категория ' || number %% 9,
    'SKU' || number,
    %(week)s::date - 7 * back,
    'return_rate_shrunk',
    30,
    %(version)s,
    %(week)s::date - 7 * (back - 5),
    0.11,
    0.05 + number / 2000.0,
    0.2,
    2400
from unnest(%(merchants)s::text[]) as merchant_id
cross join generate_series(0, 99) as number
cross join generate_series(5, 103) as back;

insert into mart.signal (merchant_id, week_start, category, reason, rate, baseline, q_value, direction, evidence)
select
    merchant_id,
    %(week)s::date - 7 * back,
    'Категория ' || number,
    'defective',
    0.1,
    0.02,
    0.01 * number,
    'up',
    '{"returned": 9, "sold": 120, "could_be_back": 90, "expected": 2, "role": "explains", "cells_tested": 500}'
from unnest(%(merchants)s::text[]) as merchant_id
cross join generate_series(0, 4) as number
cross join generate_series(0, 51) as back;

insert into mart.reason_worth (merchant_id, week_start, reason, inspected, confirmed, share, lo, hi)
select
    merchant_id,
    %(week)s::date - 7 * back,
    reason,
    200,
    150,
    0.75,
    0.68,
    0.80
from unnest(%(merchants)s::text[]) as merchant_id
cross join generate_series(0, 51) as back
cross join unnest(array['changed_mind', 'does_not_fit', 'not_as_described', 'defective']) as reason;

-- a thousandth of the units is in question, of most claims the time is over
insert into core.discrepancy (
    discrepancy_id, merchant_id, kind, unit_id, subject, opened_at, due_at, money_at_risk, owner, status
)
select
    md5('difference' || unit_id)::uuid,
    merchant_id,
    (array['overdue', 'short', 'unexpected', 'wrong_item'])[1 + place %% 4],
    unit_id,
    unit_label,
    %(now)s::timestamptz - interval '3 days',
    %(now)s::timestamptz + (place %% 9 - 2) * interval '1 day',
    4000,
    'carrier',
    'open'
from (
    select
        unit_id,
        merchant_id,
        coalesce(unit_label, unit_id::text) as unit_label,
        row_number() over (order by unit_id) as place
    from ledger.unit
    where closed_at is null
    limit least(%(total)s / 1000, 3000)
) as asked;

insert into core.claim (
    claim_id, unit_id, merchant_id, seq, status, tier, amount, due_at, why, missing, notes, opened_at, changed_at,
    lost_because
)
select
    md5('claim' || unit_id)::uuid,
    unit_id,
    merchant_id,
    1,
    case when closed_at is null then 'draft' else 'expired' end,
    30,
    3000,
    received_at + interval '10 days',
    '{}',
    '{}',
    '{}',
    received_at,
    received_at,
    case when closed_at is not null then 'found_too_late' end
from ledger.unit
where received_at is not null and ('x' || left(unit_id::text, 2))::bit(8)::integer < 3;

insert into ops.run (dag_id, run_id, now_at)
values ('warehouse_receipts_reconcile', 'bench', %(now)s);
insert into ops.batch (dag_id, run_id, merchant_id, status, rows_staged)
select
    'warehouse_receipts_reconcile',
    'bench',
    merchant_id,
    'published',
    1
from unnest(%(merchants)s::text[]) as merchant_id;
