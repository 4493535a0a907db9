-- Claims against the carrier: one a unit. claim_event is the history and is only ever added to; claim is its last row.

insert into ops.setting (name, value, meaning) values
('claim_days_same_city', '10', 'calendar days for a claim against the carrier in one city, with the day of receipt'),
('claim_days_country', '45', 'the same for a parcel from another city'),
('claim_hours_without_note', '24', 'hours for a claim where the return act carries no note of the damage'),
('claim_alert_hours', '72', 'hours before its deadline that an unsent claim raises an alert and a reminder');

create table core.claim (
    claim_id uuid primary key,
    unit_id uuid not null unique references ledger.unit,
    merchant_id text not null,
    seq integer not null check (seq > 0),
    status text not null check (
        status in ('draft', 'ready', 'sent', 'accepted', 'rejected', 'paid', 'expired', 'withdrawn')
    ),
    tier integer check (tier in (10, 30, 100)),
    amount bigint check (amount >= 0),
    due_at timestamptz not null,
    why text[] not null,
    missing text[] not null,
    notes text[] not null,
    opened_at timestamptz not null,
    changed_at timestamptz not null,
    sent_at timestamptz,
    decided_at timestamptz,
    accepted_amount bigint check (accepted_amount >= 0),
    paid_at timestamptz,
    paid_amount bigint check (paid_amount >= 0),
    lost_because text check (lost_because in ('lost_to_deadline', 'found_too_late', 'known_too_late')),
    constraint a_loss_has_a_reason check ((status = 'expired') = (lost_because is not null)),
    constraint paid_is_an_amount check ((status = 'paid') = (paid_amount is not null and paid_at is not null))
);
create index claim_due on core.claim (merchant_id, due_at) where status in ('draft', 'ready');
create index claim_of_merchant on core.claim (merchant_id, status);
comment on column core.claim.tier is 'Percent of the price of the piece.';
comment on column core.claim.why is
'What makes it a claim, in codes; missing: what it lacks to be sent; notes: doubts.';

create table core.claim_event (
    claim_id uuid not null references core.claim,
    seq integer not null,
    status text not null,
    tier integer,
    amount bigint,
    due_at timestamptz not null,
    why text[] not null,
    missing text[] not null,
    notes text[] not null,
    happened_at timestamptz not null,
    money bigint,
    lost_because text,
    note text,
    actor text not null check (actor <> ''),
    recorded_at timestamptz not null,
    primary key (claim_id, seq)
);
comment on table core.claim_event is 'Append-only: every state of a claim, every change of its facts, with its actor.';
comment on column core.claim_event.money is 'Tenge that the carrier accepted or paid, where the row says that it did.';
comment on column core.claim_event.happened_at is 'When it was so; recorded_at: when we were told.';
create trigger append_only before update or delete or truncate on core.claim_event
for each statement execute function core.refuse_change();

-- What a unit's claim is judged by. The newest receipt and inspection that nobody has voided count.
create view core.claim_facts as
select
    unit.unit_id,
    unit.merchant_id,
    unit.unit_label,
    unit.return_order_no,
    unit.state,
    unit.sku,
    unit.order_id,
    unit.received_at,
    unit.received_at is not null and unit.state <> 'unexpected' as is_here,
    receipt.recorded_at as known_at,
    receipt.payload ->> 'packaging_note' as act_note,
    (receipt.payload ->> 'same_city')::boolean as same_city,
    receipt.payload ->> 'return_label' as return_label,
    coalesce(receipt.payload ->> 'waybill', placed.waybill) as waybill,
    receipt.actor as received_by,
    looked.occurred_at as inspected_at,
    looked.recorded_at as inspection_known_at,
    looked.actor as inspected_by,
    looked.payload as inspection,
    coalesce(unit.stated_reason, return_case.stated_reason, 'unknown') as stated_reason,
    coalesce(return_case.return_kind, 'unknown') as return_kind,
    placed.code as order_code,
    placed.delivery_mode,
    placed.city,
    placed.carrier,
    line.base_price as price,
    coalesce(product.name, line.product_name) as product_name,
    taken.photos
from ledger.unit as unit
left join core.customer_order as placed
    on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
left join core.order_line as line
    on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
left join core.product as product
    on unit.merchant_id = product.merchant_id and unit.sku = product.sku
left join core.return_case as return_case on unit.case_id = return_case.case_id
left join lateral (
    select
        event.payload,
        event.actor,
        event.recorded_at
    from core.warehouse_event as event
    where event.unit_id = unit.unit_id and event.type = 'received' and event.outcome = 'booked'
    order by event.occurred_at desc
    limit 1
) as receipt on true
left join lateral (
    select
        event.payload,
        event.actor,
        event.occurred_at,
        event.recorded_at
    from ledger.unit_event as event
    where
        event.unit_id = unit.unit_id
        and event.type = 'inspected'
        and not exists (
            select 1
            from ledger.unit_event as correction
            where
                correction.unit_id = event.unit_id
                and correction.type = 'voided'
                and correction.payload ->> 'event_id' = event.event_id::text
        )
    order by event.seq desc
    limit 1
) as looked on true
left join lateral (
    select count(*)::integer as photos
    from core.photo
    where photo.unit_id = unit.unit_id
) as taken on true;

drop table mart.claim;
create view mart.claim as
select
    claim_id,
    unit_id,
    merchant_id,
    tier,
    amount,
    due_at,
    status,
    paid_at,
    paid_amount,
    sent_at,
    lost_because
from core.claim;
comment on view mart.claim is 'Claims against the carrier: one a unit, as it stands now.';
