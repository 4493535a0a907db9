-- What lies in a warehouse that is at work for long, of what a gate could look at: orders [0, total) of one merchant, of
-- which a fiftieth came back; applications, warehouse events, pieces that were sold again, price lists, and what the
-- gates said.
insert into core.customer_order (
    merchant_id, order_id, code, state, status, total_price, created_at, store_id, payload_hash
)
select
    %(merchant_id)s,
    rtrim(encode(convert_to((%(first_code)s + number)::text, 'UTF8'), 'base64'), '='),
    (%(first_code)s + number)::text,
    'ARCHIVE',
    case when number %% 50 = 7 then 'RETURNED' else 'COMPLETED' end,
    9900,
    to_timestamp(%(end_ms)s / 1000.0) - (%(total)s - number) * interval '50 seconds',
    'PP1',
    ''::bytea
from generate_series(0, %(total)s::bigint - 1) as number;

insert into core.order_line (merchant_id, order_id, entry_id, entry_number, sku, quantity, base_price, total_price)
select
    merchant_id,
    order_id,
    order_id || '-0',
    0,
    'SKU' || right(code, 4),
    1,
    9900,
    9900
from core.customer_order;

insert into core.return_case (
    case_id, merchant_id, order_id, application_number, return_kind, status, signal_status, quantity, units_lo,
    units_hi, requested_from, requested_to, closed_at, entry_id
)
select
    md5(order_id)::uuid,
    merchant_id,
    order_id,
    code || '-1',
    'customer_return',
    'received',
    'RETURNED',
    1,
    1,
    1,
    created_at + interval '5 days',
    created_at + interval '6 days',
    case when created_at < to_timestamp(%(end_ms)s / 1000.0) - interval '10 days' then created_at + interval '12 days' end,
    order_id || '-0'
from core.customer_order
where status = 'RETURNED';

insert into core.application (
    merchant_id, application_number, order_id, case_id, entry_id, order_code, quantity, stated_reason, created_at
)
select
    placed.merchant_id,
    return_case.application_number,
    placed.order_id,
    return_case.case_id,
    return_case.entry_id,
    placed.code,
    1,
    'unknown',
    return_case.requested_from
from core.return_case
inner join core.customer_order as placed using (merchant_id, order_id);

insert into raw.wms_event (
    source, event_id, merchant_id, type, occurred_at, actor, store_id, payload, received_at, published
)
select
    'w1',
    'past-' || number,
    %(merchant_id)s,
    'received',
    to_timestamp(%(end_ms)s / 1000.0) - number * interval '1 minute',
    'w1-dock-1',
    'PP1',
    jsonb_build_object('scan_id', 'past-' || number, 'order_code', (%(first_code)s + number)::text),
    to_timestamp(%(end_ms)s / 1000.0) - number * interval '1 minute',
    true
from generate_series(0, %(total)s::bigint - 1) as number;

insert into core.warehouse_event (
    source, event_id, merchant_id, type, occurred_at, actor, store_id, payload, recorded_at, "position", booked_at,
    outcome
)
select
    source,
    event_id,
    merchant_id,
    type,
    occurred_at,
    actor,
    store_id,
    payload,
    received_at,
    "position",
    received_at,
    'booked'
from raw.wms_event;

-- a tenth as many pieces were offered and sold again
insert into ledger.unit (
    unit_id, merchant_id, state, seq, sku, store_id, channel, offer_sku, signs_of_use, requested_at, received_at,
    closed_at
)
select
    md5('sold' || number)::uuid,
    %(merchant_id)s,
    'resold',
    8,
    'SKU' || lpad((number %% 5000)::text, 6, '0'),
    'PP1',
    'main',
    'SKU' || lpad((number %% 5000)::text, 6, '0'),
    false,
    to_timestamp(%(end_ms)s / 1000.0) - interval '60 days',
    to_timestamp(%(end_ms)s / 1000.0) - interval '50 days',
    to_timestamp(%(end_ms)s / 1000.0) - interval '40 days'
from generate_series(0, %(total)s::bigint / 10 - 1) as number;

insert into channel.addition (
    unit_id, decision_seq, merchant_id, store_id, channel, offer_sku, quantity, decided_at
)
select
    unit_id,
    6,
    merchant_id,
    store_id,
    channel,
    offer_sku,
    1,
    received_at
from ledger.unit
where state = 'resold';

insert into channel.sale (
    merchant_id, entry_id, piece, order_id, offer_sku, unit_id, state, attribution, price, reserved_at, sold_at
)
select
    merchant_id,
    'sale-' || unit_id,
    1,
    'sale-' || unit_id,
    offer_sku,
    unit_id,
    'sold',
    'fifo',
    9900,
    closed_at,
    closed_at
from ledger.unit
where state = 'resold';

-- a price list of a thousand offers each time
insert into channel.base_list (merchant_id, base_version, fetched_at, last_checked_at, sha256, body)
select
    %(merchant_id)s,
    version,
    to_timestamp(%(end_ms)s / 1000.0) - interval '30 days',
    to_timestamp(%(end_ms)s / 1000.0) - interval '30 days',
    ''::bytea,
    ''::bytea
from generate_series(1, %(total)s::bigint / 1000) as version;

insert into channel.base_offer (merchant_id, base_version, "position", sku, store_id, price, stock_count, available)
select
    base_list.merchant_id,
    base_list.base_version,
    place,
    'SKU' || lpad(place::text, 6, '0'),
    'PP1',
    9900,
    5,
    true
from channel.base_list
cross join generate_series(0, 999) as place;

insert into channel.feed_version (
    merchant_id, version, status, base_version, body, sha256, offers, dag_id, run_id, composed_at, published_at,
    base_offers
)
select
    merchant_id,
    base_version,
    'published',
    base_version,
    ''::bytea,
    ''::bytea,
    1000,
    'restock_sync',
    'past-' || base_version,
    fetched_at,
    fetched_at,
    1000
from channel.base_list;

insert into channel.feed_offer (
    merchant_id, version, offer_sku, store_id, "position", ours, quantity, base_quantity, price, available
)
select
    merchant_id,
    base_version,
    sku,
    store_id,
    "position",
    false,
    stock_count,
    stock_count,
    price,
    available
from channel.base_offer;

-- a verdict for each order, a run of twenty, and a record put aside for every tenth
insert into ops.run (dag_id, run_id, now_at)
select
    'kaspi_returns_ingest',
    'past-' || number,
    to_timestamp(%(end_ms)s / 1000.0) - number * interval '15 minutes'
from generate_series(1, %(total)s::bigint / 20) as number;

insert into ops.batch (dag_id, run_id, merchant_id, status, rows_staged)
select
    dag_id,
    run_id,
    %(merchant_id)s,
    'published',
    20
from ops.run;

insert into ops.dq_result (
    run_id, dag_id, merchant_id, suite, check_name, success, severity, failed_rows, sample, at
)
select
    run.run_id,
    run.dag_id,
    %(merchant_id)s,
    run.dag_id,
    'check_' || place,
    place > 0,
    'warning',
    (place = 0)::integer,
    '[]',
    run.now_at
from ops.run
cross join generate_series(0, 19) as place;

insert into ops.quarantine (
    merchant_id, source, record_key, reason, payload, first_seen, last_seen, status
)
select
    %(merchant_id)s,
    'kaspi_returns_ingest',
    'past-' || number,
    'price_is_sane',
    '{"detail": "price_is_sane: -1"}',
    to_timestamp(%(end_ms)s / 1000.0) - number * interval '1 hour',
    to_timestamp(%(end_ms)s / 1000.0) - number * interval '1 hour',
    'resolved'
from generate_series(1, %(total)s::bigint / 10) as number;

-- the numbers of each week of that time, the house's and its one merchant's, of all goods and of 50 categories, known
-- thrice; what the weekly gate counts in holds 50 units
insert into mart.kpi_weekly (
    merchant_id, category, week_start, kpi, horizon_days, version, known_on, value, lo, hi, n
)
select
    whose.merchant_id,
    case when place > 0 then 'category ' || place end,
    date '2026-08-03' - 7 * back,
    told.kpi,
    told.horizon_days,
    1,
    date '2026-08-24' - 7 * (back - again),
    told.value,
    null,
    null,
    50
from (values (null), (%(merchant_id)s)) as whose (merchant_id)
cross join (
    values ('return_rate', 14, 0.04), ('resale_share', 60, 0.6), ('processing_time_p50', null, 20),
    ('time_to_sellable_p50', null, 60), ('relisted_share', null, 0.7), ('resale_share', 30, 0.5),
    ('net_recovery', null, 9000), ('reconciled_share', null, 0.97)
) as told (kpi, horizon_days, value)
cross join generate_series(0, 50) as place
cross join generate_series(0, greatest(9, %(total)s::bigint * 50 / 604800)::integer) as back
cross join generate_series(0, 2) as again;
