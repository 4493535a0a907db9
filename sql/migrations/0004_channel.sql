-- What is offered where. Quantities are absolute; versions only rise.

-- The merchant's own list as it was read; a row only when its content changed.
create table channel.base_list (
    merchant_id text not null,
    base_version bigint not null,
    fetched_at timestamptz not null,
    last_checked_at timestamptz not null,
    sha256 bytea not null,
    body bytea not null,
    primary key (merchant_id, base_version)
);

create table channel.base_offer (
    merchant_id text not null,
    base_version bigint not null,
    "position" integer not null,
    sku text not null,
    store_id text not null,
    model text,
    price bigint,
    stock_count integer,
    available boolean not null,
    primary key (merchant_id, base_version, position, store_id),
    foreign key (merchant_id, base_version) references channel.base_list
);
create index base_offer_sku on channel.base_offer (merchant_id, sku);

-- Resale SKUs. Only a linked one is published.
create table channel.resale_sku (
    merchant_id text not null,
    offer_sku text not null check (offer_sku ~ '^[A-Za-z0-9]{1,20}$'),
    sku text not null,
    state text not null check (state in ('pending_card', 'linked', 'rejected')),
    state_since timestamptz not null,
    primary key (merchant_id, offer_sku),
    unique (merchant_id, sku)
);

-- The additions: one row a unit a decision put on an offer; the key makes a second addition impossible.
create table channel.addition (
    unit_id uuid not null,
    decision_seq integer not null,
    merchant_id text not null,
    store_id text not null,
    channel text not null check (channel in ('main', 'resale', 'off_kaspi')),
    offer_sku text not null,
    quantity integer not null check (quantity in (0, 1)),
    price bigint,
    decided_at timestamptz not null,
    withdrawn_at timestamptz,
    waiting_reason text,
    published_version bigint,
    published_at timestamptz,
    fetched_at timestamptz,
    observed_at timestamptz,
    primary key (unit_id, decision_seq)
);
create index addition_offer on channel.addition (merchant_id, offer_sku);
comment on column channel.addition.decision_seq is 'The seq of the restock_pending event that decided it.';
comment on column channel.addition.quantity is '0 where the merchant''s base list already counts returned goods.';

-- A sale that takes a returned unit: reserved by the order, sold at hand-over, freed by a cancellation.
create table channel.sale (
    merchant_id text not null,
    entry_id text not null,
    piece integer not null,
    order_id text not null,
    offer_sku text not null,
    unit_id uuid not null,
    state text not null check (state in ('reserved', 'sold', 'freed')),
    attribution text not null check (attribution in ('scan', 'fifo')),
    price bigint not null,
    reserved_at timestamptz not null,
    sold_at timestamptz,
    freed_at timestamptz,
    primary key (merchant_id, entry_id, piece)
);
create unique index sale_one_per_unit on channel.sale (unit_id) where state <> 'freed';

create table channel.feed_version (
    merchant_id text not null,
    version bigint not null,
    status text not null check (status in ('staged', 'published', 'held')),
    base_version bigint not null,
    body bytea not null,
    sha256 bytea not null,
    offers integer not null,
    dag_id text not null,
    run_id text not null,
    composed_at timestamptz not null,
    published_at timestamptz,
    held_reason text,
    primary key (merchant_id, version),
    unique (merchant_id, dag_id, run_id)
);
create index feed_version_published on channel.feed_version (merchant_id, version desc) where status = 'published';

create table channel.feed_offer (
    merchant_id text not null,
    version bigint not null,
    offer_sku text not null,
    store_id text not null,
    "position" integer not null,
    ours boolean not null,
    quantity integer,
    base_quantity integer,
    added_quantity integer not null default 0,
    price bigint,
    available boolean not null,
    primary key (merchant_id, version, position, store_id),
    foreign key (merchant_id, version) references channel.feed_version
);
create index feed_offer_sku on channel.feed_offer (merchant_id, offer_sku, version);
comment on column channel.feed_offer.quantity is 'What we publish: base_quantity + added_quantity, never above.';

create table channel.off_kaspi_list (
    merchant_id text primary key,
    version bigint not null,
    body jsonb not null,
    published_at timestamptz not null
);

-- The feed server's access log.
create table channel.feed_fetch (
    id bigint generated always as identity primary key,
    merchant_id text not null,
    version bigint,
    fetched_at timestamptz not null,
    status integer not null,
    user_agent text
);
create index feed_fetch_version on channel.feed_fetch (merchant_id, version, fetched_at);

-- Read-backs: what a buyer sees.
create table channel.observation (
    merchant_id text not null,
    offer_sku text not null,
    store_id text not null,
    observed_at timestamptz not null,
    on_sale boolean not null,
    price bigint,
    quantity integer,
    primary key (merchant_id, offer_sku, store_id, observed_at)
);

create table channel.wms_stock (
    merchant_id text not null,
    store_id text not null,
    offer_sku text not null,
    counted_at timestamptz not null,
    quantity integer not null,
    primary key (merchant_id, store_id, offer_sku, counted_at)
);
