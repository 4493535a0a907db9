-- The life of every unit. unit_event is the truth and is only ever added to; unit is its projection.

create table ledger.unit (
    unit_id uuid primary key,
    merchant_id text not null,
    state text not null,
    seq integer not null check (seq > 0),
    case_id uuid,
    order_id text,
    entry_id text,
    piece integer,
    sku text,
    store_id text,
    source text,
    scan_id text,
    unit_label text,
    return_order_no text,
    previous_unit_id uuid references ledger.unit,
    unexpected boolean not null default false,
    grade text,
    route text,
    zone text,
    worked_by text[],
    stated_reason text,
    finding text,
    cause text,
    cause_confidence double precision,
    signs_of_use boolean,
    repaired boolean not null default false,
    channel text check (channel in ('main', 'resale', 'off_kaspi')),
    offer_sku text,
    resale_price bigint,
    requested_at timestamptz,
    received_at timestamptz,
    inspected_at timestamptz,
    routed_at timestamptz,
    qc_at timestamptz,
    restocked_at timestamptz,
    on_sale_at timestamptz,
    resold_at timestamptz,
    closed_at timestamptz,
    attribution text check (attribution in ('scan', 'fifo')),
    sold_order_id text,
    unique (merchant_id, entry_id, piece),
    unique (source, scan_id),
    -- the policy gate's last line of defence: used or repaired goods are never a Kaspi offer
    constraint no_used_goods_on_kaspi check (
        channel is null or channel = 'off_kaspi' or (signs_of_use is false and repaired is false)
    )
);
create index unit_state on ledger.unit (merchant_id, state);
create index unit_case on ledger.unit (case_id);
create index unit_order on ledger.unit (merchant_id, order_id);
create unique index unit_label on ledger.unit (source, unit_label) where unit_label is not null;

create table ledger.unit_event (
    event_id uuid primary key,
    unit_id uuid not null references ledger.unit,
    merchant_id text not null,
    seq integer not null,
    type text not null,
    state_from text,
    state_to text not null,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null,
    actor text not null,
    source text not null,
    payload jsonb not null default '{}',
    unique (unit_id, seq)
);
create index unit_event_merchant_day on ledger.unit_event (merchant_id, occurred_at);

create function ledger.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'ledger.unit_event is append-only: correct a mistake with a voided event';
end
$$;
create trigger append_only before update or delete or truncate on ledger.unit_event
for each statement execute function ledger.refuse_change();

-- Events that came before their predecessor wait here.
create table ledger.event_inbox (
    event_id uuid primary key,
    unit_id uuid not null,
    merchant_id text not null,
    type text not null,
    occurred_at timestamptz not null,
    actor text not null,
    source text not null,
    payload jsonb not null,
    waiting_since timestamptz not null,
    reason text not null
);
create index event_inbox_unit on ledger.event_inbox (unit_id);
create index unit_event_recorded on ledger.unit_event (merchant_id, recorded_at);
