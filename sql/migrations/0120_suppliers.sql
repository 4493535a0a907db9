-- Inspected pieces by their supplier, and what was claimed from him.

create index unit_inspected on ledger.unit (merchant_id, inspected_at) where inspected_at is not null;

create function core.last_inspection(unit uuid) returns ledger.unit_event language sql stable as $$
    select event.*
    from ledger.effective_event as event
    where event.unit_id = last_inspection.unit and event.type = 'inspected'
    order by event.seq desc
    limit 1
$$;
comment on function core.last_inspection is 'The inspection of a unit that counts: the last one nobody has voided.';

-- A claim to a supplier: made once, withdrawn at most once. What it says stays as it was said, whatever becomes of its
-- pieces: content is what both files are made from.
create table core.supplier_claim (
    claim_id uuid primary key,
    merchant_id text not null references core.merchant,
    supplier text not null check (supplier not in ('', 'unknown')),
    units integer not null check (units > 0),
    amount bigint not null check (amount >= 0),
    content text not null,
    digest text not null check (digest = encode(sha256(convert_to(content, 'UTF8')), 'hex')),
    actor text not null check (actor <> ''),
    made_at timestamptz not null
);
create index supplier_claim_of_merchant on core.supplier_claim (merchant_id, supplier, made_at);
comment on table core.supplier_claim is 'Append-only: what was claimed from a supplier, by whom and when.';
comment on column core.supplier_claim.amount is 'The pieces at cost, in tenge; a piece whose cost is not known adds 0.';
comment on column core.supplier_claim.content is 'JSON: basis, pieces, findings and the SHA-256 of every photo.';
create trigger append_only before update or delete or truncate on core.supplier_claim
for each statement execute function core.refuse_change();

create table core.supplier_claim_unit (
    claim_id uuid not null references core.supplier_claim,
    unit_id uuid not null references ledger.unit,
    merchant_id text not null,
    cost bigint check (cost >= 0),
    primary key (claim_id, unit_id)
);
comment on table core.supplier_claim_unit is 'Append-only: the pieces of a claim to a supplier, live or withdrawn.';
create trigger append_only before update or delete or truncate on core.supplier_claim_unit
for each statement execute function core.refuse_change();

create table core.supplier_claim_withdrawn (
    claim_id uuid primary key references core.supplier_claim,
    merchant_id text not null,
    reason text not null check (reason <> ''),
    actor text not null check (actor <> ''),
    at timestamptz not null
);
comment on table core.supplier_claim_withdrawn is 'Append-only: the claim is not live any more, its pieces are free.';
create trigger append_only before update or delete or truncate on core.supplier_claim_withdrawn
for each statement execute function core.refuse_change();

create table core.supplier_claimed (
    unit_id uuid primary key,
    claim_id uuid not null,
    merchant_id text not null,
    foreign key (claim_id, unit_id) references core.supplier_claim_unit
);
create index supplier_claimed_claim on core.supplier_claimed (claim_id);
comment on table core.supplier_claimed is
'The pieces of live claims: the key lets a piece into one of them at most. A check compares it with the history.';

create view mart.supplier_piece as
select
    unit.unit_id,
    unit.merchant_id,
    coalesce(product.supplier, 'unknown') as supplier,
    coalesce(product.category, 'unknown') as category,
    unit.sku,
    coalesce(product.name, line.product_name) as product_name,
    coalesce(product.batch, 'unknown') as batch,
    unit.unit_label,
    unit.return_order_no,
    placed.code as order_code,
    date_trunc('week', placed.created_at at time zone 'Asia/Almaty')::date as cohort_week,
    coalesce(return_case.return_kind, 'unknown') as return_kind,
    coalesce(unit.stated_reason, return_case.stated_reason, 'unknown') as stated_reason,
    unit.received_at,
    unit.inspected_at,
    unit.finding,
    coalesce(
        array(select jsonb_array_elements_text((core.last_inspection(unit.unit_id)).payload -> 'defects')), '{}'
    ) as defects,
    ((core.last_inspection(unit.unit_id)).payload ->> 'packaging_intact')::boolean as packaging_intact,
    unit.signs_of_use,
    -- what another inspector saw who was told nothing of this inspection
    (
        select look.finding
        from core.second_look as look
        where look.inspection_id = (core.last_inspection(unit.unit_id)).event_id and look.looked_at is not null
    ) as second_finding,
    unit.cause,
    unit.grade,
    unit.state,
    unit.route,
    coalesce(unit.finding, 'unknown') <> 'wrong_item' and unit.state <> 'wrong_item' as counted,
    -- the law is fault() of include/domain/suppliers.py; a test holds both together
    case
        when unit.state = 'wrong_item' then null
        when unit.finding = 'defective' then 'defective'
        when
            unit.finding = 'incomplete'
            and unit.signs_of_use is false
            and (
                -- the payload of core.last_inspection, without a function's cost a piece
                select (event.payload ->> 'packaging_intact')::boolean
                from ledger.effective_event as event
                where event.unit_id = unit.unit_id and event.type = 'inspected'
                order by event.seq desc
                limit 1
            )
            then 'incomplete'
    end as fault,
    product.cost as unit_cost,
    product.agreed_defect_rate as agreed_rate,
    (
        select count(*)::integer
        from core.photo
        where photo.unit_id = unit.unit_id
    ) as photos,
    claimed.claim_id
from ledger.unit as unit
left join core.customer_order as placed
    on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
left join core.order_line as line
    on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
left join core.product as product
    on unit.merchant_id = product.merchant_id and unit.sku = product.sku
left join core.return_case as return_case on unit.case_id = return_case.case_id
left join core.supplier_claimed as claimed on unit.unit_id = claimed.unit_id
where unit.inspected_at is not null;
comment on view mart.supplier_piece is 'Inspected pieces with what concerns their supplier: one row a piece.';

create view mart.supplier_claim as
select
    claim.claim_id,
    claim.merchant_id,
    claim.supplier,
    claim.units,
    claim.amount,
    claim.digest,
    claim.actor,
    claim.made_at,
    case when withdrawn.claim_id is null then 'live' else 'withdrawn' end as status,
    withdrawn.at as withdrawn_at
from core.supplier_claim as claim
left join core.supplier_claim_withdrawn as withdrawn on claim.claim_id = withdrawn.claim_id;
comment on view mart.supplier_claim is 'Claims to suppliers: one row a claim.';
