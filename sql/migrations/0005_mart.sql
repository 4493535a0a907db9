-- The data contract (docs/data-contract.md). Tables are replaced or added to by the flows; views are always current.

create table mart.cohort_weekly (
    merchant_id text not null,
    cohort_week date not null,
    horizon_days integer not null,
    category text not null,
    sku text not null,
    supplier text not null,
    city text not null,
    carrier text not null,
    sold integer not null,
    returned integer not null,
    returned_lo integer not null,
    returned_hi integer not null,
    mature boolean not null,
    backfilled boolean not null,
    primary key (merchant_id, cohort_week, horizon_days, sku, supplier, city, carrier, category)
);

create table mart.cause_weekly (
    merchant_id text not null,
    cohort_week date not null,
    horizon_days integer not null,
    category text not null,
    sku text not null,
    supplier text not null,
    city text not null,
    carrier text not null,
    reason text not null,
    finding text not null,
    cause text not null,
    returned integer not null,
    primary key (
        merchant_id, cohort_week, horizon_days, sku, supplier, city, carrier, category, reason, finding, cause
    )
);

create table mart.kpi_weekly (
    merchant_id text,
    category text,
    sku text,
    supplier text,
    week_start date not null,
    kpi text not null,
    horizon_days integer,
    version integer not null,
    known_on date not null,
    value numeric,
    lo numeric,
    hi numeric,
    n integer not null,
    note text,
    restated_because text,
    unique nulls not distinct (merchant_id, category, sku, supplier, week_start, kpi, horizon_days, version, known_on)
);
comment on table mart.kpi_weekly is 'KPIs, version 1. A NULL dimension means all; NULL merchant_id is the whole house.';

create table mart.signal (
    merchant_id text not null,
    week_start date not null,
    category text,
    sku text,
    supplier text,
    reason text,
    city text,
    carrier text,
    rate numeric not null,
    baseline numeric not null,
    q_value numeric not null,
    direction text not null check (direction in ('up', 'down')),
    evidence jsonb not null,
    unique nulls not distinct (merchant_id, week_start, category, sku, supplier, reason, city, carrier)
);

create table mart.action_effect (
    action_id uuid primary key,
    merchant_id text not null,
    scope jsonb not null,
    started_on date not null,
    effect numeric,
    lo numeric,
    hi numeric,
    verdict text not null
);

create table mart.balance_daily (
    as_of date not null,
    known_on date not null,
    merchant_id text not null,
    state text not null,
    opening integer not null,
    entered integer not null,
    "left" integer not null,
    closing integer not null,
    primary key (merchant_id, as_of, known_on, state)
);
comment on column mart.balance_daily.closing is
'From the projection where as_of is known_on, else replayed; compared with opening + entered - left by a check.';

create table mart.offer_sync (
    merchant_id text not null,
    store_id text not null,
    offer_sku text not null,
    desired_qty integer,
    published_qty integer,
    observed_qty integer,
    wms_qty integer,
    desired_price bigint,
    published_price bigint,
    observed_price bigint,
    version bigint,
    published_at timestamptz,
    fetched_at timestamptz,
    observed_at timestamptz,
    diverging_since timestamptz,
    divergence text,
    primary key (merchant_id, store_id, offer_sku)
);

create table mart.claim (
    claim_id uuid primary key,
    unit_id uuid not null,
    merchant_id text not null,
    tier integer,
    amount bigint,
    due_at timestamptz,
    status text not null,
    paid_at timestamptz
);

create view mart.dq_result as
select
    run_id,
    dag_id,
    merchant_id,
    suite,
    check_name as "check",
    success,
    severity,
    failed_rows,
    at
from ops.dq_result;

create view mart.quarantine as
select
    id,
    merchant_id,
    source,
    reason,
    first_seen,
    status
from ops.quarantine;

create view mart.discrepancy as
select
    discrepancy_id,
    case_id,
    merchant_id,
    kind,
    order_code,
    unit_id,
    opened_at,
    due_at,
    money_at_risk,
    status,
    owner
from core.discrepancy;

create view mart.unquantified as
select
    merchant_id,
    count(*)::integer as cases,
    sum(units_lo)::integer as units_lo,
    sum(units_hi)::integer as units_hi
from core.return_case
where quantity is null and closed_at is null
group by merchant_id;

create view mart.unit as
select
    unit.unit_id,
    unit.case_id,
    unit.return_order_no,
    unit.merchant_id,
    coalesce(unit.store_id, placed.store_id) as store_id,
    placed.code as order_code,
    unit.sku,
    coalesce(product.name, line.product_name) as product_name,
    coalesce(product.category, 'unknown') as category,
    coalesce(product.supplier, 'unknown') as supplier,
    coalesce(product.batch, 'unknown') as batch,
    placed.city,
    placed.carrier,
    coalesce(return_case.return_kind, 'unknown') as return_kind,
    coalesce(unit.stated_reason, return_case.stated_reason, 'unknown') as stated_reason,
    unit.finding,
    unit.cause,
    unit.cause_confidence,
    unit.grade,
    unit.state,
    unit.zone,
    unit.route,
    unit.channel,
    unit.offer_sku,
    line.base_price as original_price,
    unit.resale_price,
    return_case.requested_from,
    return_case.requested_to,
    unit.received_at,
    unit.inspected_at,
    unit.routed_at,
    unit.qc_at,
    unit.restocked_at,
    addition.published_at,
    addition.fetched_at,
    addition.observed_at,
    unit.on_sale_at,
    unit.resold_at,
    unit.closed_at,
    unit.attribution,
    -- the order's delivery is shared by its pieces
    placed.delivery_cost_seller / nullif(parcel.pieces, 0) as cost_forward_delivery,
    null::bigint as cost_collection,
    null::bigint as cost_receiving,
    null::bigint as cost_inspection,
    null::bigint as cost_repair,
    null::bigint as cost_parts,
    null::bigint as cost_packaging,
    null::bigint as cost_storage,
    null::bigint as cost_channel_fee,
    null::bigint as cost_write_off,
    placed.delivery_cost_seller / nullif(parcel.pieces, 0) as reverse_cost,
    null::bigint as compensation,
    case when unit.resold_at is not null then unit.resale_price end as net_recovery
from ledger.unit as unit
left join core.customer_order as placed
    on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
left join core.order_line as line
    on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
left join core.product as product
    on unit.merchant_id = product.merchant_id and unit.sku = product.sku
left join core.return_case as return_case on unit.case_id = return_case.case_id
left join lateral (
    select sum(every_line.quantity) as pieces
    from core.order_line as every_line
    where every_line.merchant_id = unit.merchant_id and every_line.order_id = unit.order_id
) as parcel on true
left join lateral (
    select
        published_at,
        fetched_at,
        observed_at
    from channel.addition
    where addition.unit_id = unit.unit_id
    order by decision_seq desc
    limit 1
) as addition on true;
