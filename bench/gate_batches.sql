-- A batch of ``rows`` for the gate of every flow, run ``bench``: half of its orders are known. Nothing of it is wrong.
insert into ops.run (dag_id, run_id, now_at)
select
    dag_id,
    'bench',
    to_timestamp(%(end_ms)s / 1000.0) + interval '1 day'
from unnest(array[
    'kaspi_returns_ingest', 'warehouse_receipts_reconcile', 'restock_sync', 'restock_reconcile_daily',
    'return_causes_weekly', 'housekeeping'
]) as dag_id;

insert into ops.batch (dag_id, run_id, merchant_id, status, rows_staged, judged_to)
select
    dag_id,
    run_id,
    %(merchant_id)s,
    'staged',
    %(rows)s,
    9000000000
from ops.run
where run_id = 'bench';

-- orders
create temporary table ordered on commit drop as
select
    number,
    (%(first_code)s + number)::text as code,
    rtrim(encode(convert_to((%(first_code)s + number)::text, 'UTF8'), 'base64'), '=') as order_id,
    to_timestamp(%(end_ms)s / 1000.0) + (number - %(total)s) * interval '1 second' as created_at
from generate_series(%(total)s::bigint - %(rows)s / 2, %(total)s::bigint + %(rows)s / 2 - 1) as number;

insert into raw.stage_order (
    dag_id, run_id, merchant_id, order_id, code, state, status, total_price, created_at, handed_over_at, store_id,
    payload_hash, window_id, fetched_at, read_number
)
select
    'kaspi_returns_ingest',
    'bench',
    %(merchant_id)s,
    order_id,
    code,
    'ARCHIVE',
    'COMPLETED',
    9900,
    created_at,
    created_at + interval '1 hour',
    'PP1',
    decode(md5(code), 'hex'),
    1,
    created_at,
    number
from ordered;

insert into raw.stage_order_line (
    dag_id, run_id, merchant_id, order_id, entry_id, entry_number, sku, quantity, base_price, total_price, read_number
)
select
    'kaspi_returns_ingest',
    'bench',
    %(merchant_id)s,
    order_id,
    order_id || '-0',
    0,
    'SKU000001',
    1,
    9900,
    9900,
    number
from ordered;

insert into ops.sweep (
    merchant_id, dag_id, run_id, created_from, created_to, started_at, completed_at, long, seen, counted, published,
    stable
)
select
    %(merchant_id)s,
    'kaspi_returns_ingest',
    'bench',
    min(created_at),
    max(created_at) + interval '1 second',
    max(created_at),
    max(created_at),
    false,
    count(*),
    count(*),
    false,
    false
from ordered;

insert into ops.fetch_window (merchant_id, dag_id, run_id, state, created_from, created_to, completed_at, total_count)
select
    sweep.merchant_id,
    sweep.dag_id,
    sweep.run_id,
    state.name,
    sweep.created_from,
    sweep.created_to,
    sweep.completed_at,
    case when state.name = 'ARCHIVE' then %(rows)s else 0 end
from ops.sweep
cross join unnest(
    array['NEW', 'SIGN_REQUIRED', 'PICKUP', 'DELIVERY', 'KASPI_DELIVERY', 'ARCHIVE']
) as state (name)
where sweep.run_id = 'bench';

insert into ops.fetch_seen (window_id, page, order_ids)
select
    fetch_window.window_id,
    (ordered.number - %(total)s + %(rows)s / 2) / 100,
    array_agg(ordered.order_id)
from ordered
cross join ops.fetch_window
where fetch_window.run_id = 'bench' and fetch_window.state = 'ARCHIVE'
group by 1, 2;

insert into raw.application_file (merchant_id, sha256, name, actor, taken_at, rows, bad_rows)
values (%(merchant_id)s, '\x01', 'applications.csv', 'bench', to_timestamp(%(end_ms)s / 1000.0), %(rows)s / 10, 0);

insert into raw.application (
    merchant_id, application_number, row_hash, order_code, quantity, reason_code, created_at, tab, step, file_sha256,
    line, actor, taken_at, named_at, confirmed_at
)
select
    %(merchant_id)s,
    code || '-2',
    decode(md5(code), 'hex'),
    code,
    1,
    'UNSUITABLE',
    created_at + interval '2 hours',
    'NEW',
    'MERCHANT_APPROVAL',
    '\x01',
    number,
    'bench',
    to_timestamp(%(end_ms)s / 1000.0),
    to_timestamp(%(end_ms)s / 1000.0),
    to_timestamp(%(end_ms)s / 1000.0)
from ordered
where number < %(total)s - %(rows)s / 2 + %(rows)s / 10;

-- warehouse events
insert into raw.wms_event (source, event_id, merchant_id, type, occurred_at, actor, store_id, payload, received_at)
select
    'w1',
    'now-' || number,
    %(merchant_id)s,
    'received',
    to_timestamp(%(end_ms)s / 1000.0),
    'w1-dock-1',
    'PP1',
    jsonb_build_object('scan_id', 'now-' || number, 'order_code', (%(first_code)s + number)::text),
    to_timestamp(%(end_ms)s / 1000.0)
from generate_series(%(total)s::bigint - %(rows)s, %(total)s::bigint - 1) as number;

-- a price list: a twentieth of its offers has a returned piece, and a hundred resale offers stand behind it
insert into channel.base_list (merchant_id, base_version, fetched_at, last_checked_at, sha256, body)
values (%(merchant_id)s, 1000000, to_timestamp(%(end_ms)s / 1000.0) + interval '1 day',
        to_timestamp(%(end_ms)s / 1000.0) + interval '1 day', ''::bytea, ''::bytea);

insert into channel.base_offer (merchant_id, base_version, "position", sku, store_id, price, stock_count, available)
select
    %(merchant_id)s,
    1000000,
    place,
    'SKU' || lpad(place::text, 6, '0'),
    'PP1',
    10000,
    5,
    true
from generate_series(0, %(rows)s - 101) as place;

create temporary table returned on commit drop as
select
    md5('shelf' || place)::uuid as unit_id,
    case when resale then 'resale' else 'main' end as channel,
    'SKU' || lpad(place::text, 6, '0') as sku,
    'SKU' || lpad(place::text, 6, '0') || case when resale then 'R' else '' end as offer_sku,
    place,
    resale
from (
    select
        place,
        place %% 20 = 1 as resale
    from generate_series(0, %(rows)s - 101) as place
    where place %% 20 = 0 or (place %% 20 = 1 and place < 2000)
) as chosen;

insert into ledger.unit (
    unit_id, merchant_id, state, seq, sku, store_id, channel, offer_sku, signs_of_use, received_at
)
select
    unit_id,
    %(merchant_id)s,
    'on_sale',
    6,
    sku,
    'PP1',
    channel,
    offer_sku,
    false,
    to_timestamp(%(end_ms)s / 1000.0)
from returned;

insert into ledger.unit_event (
    event_id, unit_id, seq, merchant_id, type, occurred_at, recorded_at, actor, source, payload, state_from, state_to
)
select
    md5('event' || life.seq || returned.unit_id)::uuid,
    returned.unit_id,
    life.seq,
    %(merchant_id)s,
    life.type,
    to_timestamp(%(end_ms)s / 1000.0),
    to_timestamp(%(end_ms)s / 1000.0),
    'bench',
    'bench',
    case
        when life.type = 'inspected' then '{"signs_of_use": false, "packaging_intact": true}'::jsonb
        when life.type = 'restock_pending'
            then jsonb_build_object('channel', returned.channel, 'offer_sku', returned.offer_sku)
        else '{}'
    end,
    life.state_from,
    life.state_to
from returned
cross join (
    values
    (1, 'requested', null, 'requested'),
    (2, 'received', 'requested', 'received'),
    (3, 'inspected', 'received', 'inspected'),
    (4, 'qc_passed', 'inspected', 'qc'),
    (5, 'restock_pending', 'qc', 'restock_pending'),
    (6, 'on_sale', 'restock_pending', 'on_sale')
) as life (seq, type, state_from, state_to);

insert into channel.addition (unit_id, decision_seq, merchant_id, store_id, channel, offer_sku, quantity, decided_at)
select
    unit_id,
    5,
    %(merchant_id)s,
    'PP1',
    channel,
    offer_sku,
    1,
    to_timestamp(%(end_ms)s / 1000.0)
from returned;

insert into channel.stage_addition (
    dag_id, run_id, merchant_id, unit_id, decision_seq, channel, store_id, offer_sku, sku, price, main_price
)
select
    'restock_sync',
    'bench',
    %(merchant_id)s,
    unit_id,
    5,
    channel,
    'PP1',
    offer_sku,
    sku,
    case when resale then 9250 else 10000 end,
    10000
from returned;

insert into channel.resale_sku (merchant_id, offer_sku, sku, state, state_since)
select
    %(merchant_id)s,
    offer_sku,
    sku,
    'linked',
    to_timestamp(%(end_ms)s / 1000.0)
from returned
where resale;

insert into channel.feed_version (
    merchant_id, version, status, base_version, body, sha256, offers, dag_id, run_id, composed_at, base_offers
)
values (%(merchant_id)s, 1000000, 'staged', 1000000, ''::bytea, ''::bytea, %(rows)s, 'restock_sync', 'bench',
        to_timestamp(%(end_ms)s / 1000.0), %(rows)s - 100);

insert into channel.feed_offer (
    merchant_id, version, offer_sku, store_id, "position", ours, quantity, base_quantity, added_quantity, price,
    available
)
select
    base.merchant_id,
    1000000,
    base.sku,
    base.store_id,
    base."position",
    false,
    base.stock_count + (base."position" %% 20 = 0)::integer,
    base.stock_count,
    (base."position" %% 20 = 0)::integer,
    base.price,
    true
from channel.base_offer as base
where base.base_version = 1000000
union all
select
    %(merchant_id)s,
    1000000,
    offer_sku,
    'PP1',
    1000000 + place,
    true,
    1,
    null,
    1,
    9250,
    true
from returned
where resale;

-- the daily comparison
insert into mart.stage_offer_sync (
    dag_id, run_id, merchant_id, store_id, offer_sku, desired_qty, published_qty, observed_qty, base_qty, returned_qty,
    resale, recounted_qty, kept_back, watched
)
select
    'restock_reconcile_daily',
    'bench',
    %(merchant_id)s,
    'PP1',
    'SKU' || lpad(place::text, 6, '0'),
    6,
    6,
    6,
    5,
    1,
    false,
    1,
    0,
    false
from generate_series(0, %(rows)s - 1) as place;

-- the weekly marts
insert into mart.stage_cohort_weekly (
    dag_id, run_id, merchant_id, cohort_week, horizon_days, category, sku, supplier, city, carrier, sold, returned,
    returned_lo, returned_hi, mature, backfilled
)
select
    'return_causes_weekly',
    'bench',
    %(merchant_id)s,
    date '2026-06-01' + 7 * (place %% 10),
    14,
    'Крышки для посуды',
    'SKU' || lpad(place::text, 6, '0'),
    'unknown',
    'Алматы',
    'Kaspi Доставка',
    50,
    2,
    2,
    2,
    true,
    false
from generate_series(0, %(rows)s - 1) as place;

insert into mart.stage_cause_weekly (
    dag_id, run_id, merchant_id, cohort_week, horizon_days, category, sku, supplier, city, carrier, reason, finding,
    cause, returned
)
select
    dag_id,
    run_id,
    merchant_id,
    cohort_week,
    horizon_days,
    category,
    sku,
    supplier,
    city,
    carrier,
    'changed_mind',
    'no_fault',
    'changed_mind',
    returned
from mart.stage_cohort_weekly;

-- The house's numbers of ten weeks, of all goods and of each category. Five of the weeks changed of its one merchant: of
-- the others the gate counts in what is known of him.
insert into ops.batch (dag_id, run_id, merchant_id, status, rows_staged)
values ('return_causes_weekly', 'bench', 'all', 'staged', %(rows)s / 2);

insert into mart.stage_touch (dag_id, run_id, merchant_id, kind, week_start, because)
select
    'return_causes_weekly',
    'bench',
    whose.merchant_id,
    'cohort',
    date '2026-06-01' + 7 * week,
    array['orders']
from (values ('all', 10), (%(merchant_id)s, 5)) as whose (merchant_id, weeks)
cross join lateral generate_series(0, whose.weeks - 1) as week;

insert into mart.stage_kpi_weekly (
    dag_id, run_id, merchant_id, category, week_start, kpi, horizon_days, version, known_on, value, lo, hi, n
)
select
    'return_causes_weekly',
    'bench',
    whose.merchant_id,
    case when place >= 10 then 'category ' || place end,
    date '2026-06-01' + 7 * (place %% whose.weeks),
    'return_rate',
    14,
    1,
    date '2026-10-01',
    0.04,
    0.03,
    0.05,
    50
from generate_series(0, %(rows)s / 2 - 1) as place
cross join (values (null, 10), (%(merchant_id)s, 5)) as whose (merchant_id, weeks)
where place >= 10 or place < whose.weeks;
