-- raw: payloads as they came, less personal data. core: the same facts, typed.

create table raw.order_payload (
    merchant_id text not null,
    order_id text not null,
    payload jsonb not null,
    payload_hash bytea not null,
    first_run text not null,
    fetched_at timestamptz not null,
    primary key (merchant_id, order_id)
);
comment on table raw.order_payload is
'The newest payload of an order with its entries, without the listed personal paths.';

-- An order's payload that was put aside is not staged again until it changes or is replayed.
create table raw.refused_order (
    merchant_id text not null,
    order_id text not null,
    payload_hash bytea not null,
    refused_at timestamptz not null,
    primary key (merchant_id, order_id)
);

create table raw.wms_event (
    source text not null,
    event_id text not null,
    "position" bigint generated always as identity,
    merchant_id text not null,
    type text not null,
    occurred_at timestamptz not null,
    actor text,
    store_id text,
    payload jsonb not null,
    received_at timestamptz not null,
    quarantined boolean not null default false,
    primary key (source, event_id)
);
comment on table raw.wms_event is 'Warehouse events as delivered; a repeated delivery is a no-op.';

-- Staging: one batch is (dag_id, run_id, merchant_id), emptied when it is published.
create table raw.stage_order (
    dag_id text not null,
    run_id text not null,
    merchant_id text not null,
    order_id text not null,
    code text not null,
    state text not null,
    status text not null,
    total_price bigint,
    delivery_cost_seller bigint,
    payment_mode text,
    delivery_mode text,
    created_at timestamptz,
    planned_delivery_at timestamptz,
    handed_over_at timestamptz,
    cancellation_reason text,
    store_id text,
    city text,
    carrier text,
    waybill text,
    returned_to_warehouse boolean,
    payload jsonb not null,
    payload_hash bytea not null,
    window_id bigint not null,
    fetched_at timestamptz not null
);
create index stage_order_batch on raw.stage_order (dag_id, run_id, merchant_id);

create table raw.stage_order_line (
    dag_id text not null,
    run_id text not null,
    merchant_id text not null,
    order_id text not null,
    entry_id text not null,
    entry_number integer not null,
    sku text,
    product_name text,
    category text,
    quantity double precision not null,
    unit_type text,
    base_price bigint,
    total_price bigint,
    weight_g bigint
);
create index stage_order_line_batch on raw.stage_order_line (dag_id, run_id, merchant_id);

create table core.merchant (
    merchant_id text primary key,
    name text not null,
    connection_id text not null unique,
    base_list_connection_id text not null,
    locale text not null default 'ru' check (locale in ('ru', 'kk', 'en')),
    time_zone text not null default 'Asia/Almaty',
    tier text not null default 'standard',
    report_email text,
    notices boolean not null default false,
    feed_token text not null unique default replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''),
    active boolean not null default true
);
comment on column core.merchant.feed_token is 'The secret part of the price list address.';

create table core.store (
    merchant_id text not null references core.merchant,
    store_id text not null,
    warehouse text not null,
    base_includes_returns boolean not null,
    pick_scan boolean not null,
    primary key (merchant_id, store_id)
);
comment on column core.store.pick_scan is
'The warehouse scans a unit''s label when it picks; then only a scan tells that a unit was sold.';

create table core.warehouse_source (
    source text primary key,
    kind text not null check (kind in ('http_feed', 'file_drop')),
    connection_id text not null,
    system_of_record jsonb not null
);
comment on table core.warehouse_source is
'Where warehouse events come from and which system each event type is booked from (wms | desk).';

create table core.product (
    merchant_id text not null references core.merchant,
    sku text not null,
    master_code text,
    eans text[] not null default '{}',
    name text not null,
    category text not null default 'unknown',
    supplier text not null default 'unknown',
    batch text not null default 'unknown',
    cost bigint check (cost >= 0),
    agreed_defect_rate numeric check (agreed_defect_rate between 0 and 1),
    primary key (merchant_id, sku)
);

create table core.customer_order (
    merchant_id text not null references core.merchant,
    order_id text not null,
    code text not null,
    state text not null,
    status text not null,
    total_price bigint not null check (total_price >= 0),
    delivery_cost_seller bigint,
    payment_mode text,
    delivery_mode text,
    created_at timestamptz not null,
    planned_delivery_at timestamptz,
    handed_over_at timestamptz,
    cancellation_reason text,
    store_id text,
    city text,
    carrier text,
    waybill text,
    returned_to_warehouse boolean,
    payload_hash bytea not null,
    primary key (merchant_id, order_id),
    unique (merchant_id, code)
);
create index customer_order_created on core.customer_order (merchant_id, created_at);
create index customer_order_waybill on core.customer_order (merchant_id, waybill);

create table core.order_line (
    merchant_id text not null,
    order_id text not null,
    entry_id text not null,
    entry_number integer not null,
    sku text,
    product_name text,
    category text,
    quantity integer not null check (quantity > 0),
    base_price bigint not null check (base_price >= 0),
    total_price bigint not null check (total_price >= 0),
    weight_g bigint,
    primary key (merchant_id, entry_id),
    foreign key (merchant_id, order_id) references core.customer_order
);
create index order_line_order on core.order_line (merchant_id, order_id);
create index order_line_sku on core.order_line (merchant_id, sku);

-- A row when a status is first seen; the true time of the change lies in [seen_from, seen_to].
create table core.order_observation (
    merchant_id text not null,
    order_id text not null,
    status text not null,
    state text not null,
    seen_from timestamptz not null,
    seen_to timestamptz not null,
    episode integer not null,
    primary key (merchant_id, order_id, episode),
    foreign key (merchant_id, order_id) references core.customer_order,
    check (seen_from <= seen_to)
);
comment on table core.order_observation is
'The statuses of an order in the order we saw them, with the bounds of the change.';

create table core.return_case (
    case_id uuid primary key,
    merchant_id text not null,
    order_id text,
    episode integer not null default 1,
    application_number text,
    return_kind text not null check (
        return_kind in ('customer_return', 'refusal', 'cancel_in_transit', 'carrier_return', 'unknown')
    ),
    status text not null,
    signal_status text,
    stated_reason_raw text,
    stated_reason text not null default 'unknown',
    quantity integer,
    units_lo integer not null,
    units_hi integer not null,
    requested_from timestamptz not null,
    requested_to timestamptz not null,
    closed_at timestamptz,
    unique (merchant_id, order_id, episode),
    unique (merchant_id, application_number),
    check (units_lo <= units_hi),
    check (requested_from <= requested_to)
);
comment on column core.return_case.quantity is
'Pieces, where a source says it; NULL is an unquantified case, never the full quantity.';

create table core.warehouse_event (
    source text not null,
    event_id text not null,
    merchant_id text not null,
    type text not null,
    occurred_at timestamptz not null,
    actor text,
    store_id text,
    payload jsonb not null,
    recorded_at timestamptz not null,
    "position" bigint not null,
    booked_at timestamptz,
    outcome text,
    unit_id uuid,
    primary key (source, event_id)
);
create index warehouse_event_unbooked on core.warehouse_event (merchant_id, occurred_at) where booked_at is null;
create index warehouse_event_unit on core.warehouse_event (unit_id);
comment on column core.warehouse_event.outcome is
'What became of it in the ledger: booked, duplicate_scan, waiting, compared, rejected.';

-- Name and phone, encrypted, only where the merchant sends notices; erased by the clock in ops.setting.
create table core.contact (
    merchant_id text not null,
    order_id text not null,
    sealed bytea not null,
    taken_at timestamptz not null,
    primary key (merchant_id, order_id)
);

create table core.discrepancy (
    discrepancy_id uuid primary key,
    merchant_id text not null,
    case_id uuid,
    unit_id uuid,
    order_code text,
    kind text not null,
    subject text not null,
    opened_at timestamptz not null,
    due_at timestamptz,
    money_at_risk bigint not null default 0,
    owner text not null,
    status text not null check (status in ('open', 'resolved')),
    resolved_at timestamptz
);
create index discrepancy_open on core.discrepancy (merchant_id, status);
