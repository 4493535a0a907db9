-- Who said that a card is linked; every version of the outlet's list and its GETs; looks that a person took.

alter table channel.resale_sku
add column changed_by text not null default 'restock_sync';
comment on column channel.resale_sku.changed_by is 'Who brought it into its state: a login, or restock_sync.';

-- What was said of a card, by whom. Only added to.
create table channel.resale_sku_change (
    change_id bigint generated always as identity primary key,
    merchant_id text not null,
    offer_sku text not null,
    was text not null,
    state text not null check (state in ('pending_card', 'linked', 'rejected') and state <> was),
    changed_at timestamptz not null,
    changed_by text not null check (changed_by <> ''),
    note text,
    foreign key (merchant_id, offer_sku) references channel.resale_sku
);
create function channel.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '%.% is append-only', tg_table_schema, tg_table_name;
end
$$;
create trigger append_only before update or delete or truncate on channel.resale_sku_change
for each statement execute function channel.refuse_change();

-- Every version of the list of goods that Kaspi does not take.
create table channel.off_kaspi_version (
    merchant_id text not null,
    version bigint not null,
    body jsonb not null,
    published_at timestamptz not null,
    primary key (merchant_id, version)
);
insert into channel.off_kaspi_version (merchant_id, version, body, published_at)
select
    merchant_id,
    version,
    body,
    published_at
from channel.off_kaspi_list;

create table channel.off_kaspi_fetch (
    id bigint generated always as identity primary key,
    merchant_id text not null,
    version bigint,
    format text not null check (format in ('json', 'csv')),
    fetched_at timestamptz not null,
    status integer not null,
    user_agent text
);
create index off_kaspi_fetch_version on channel.off_kaspi_fetch (merchant_id, version, fetched_at);

-- A look at the shop that a person took, or a file of them; those of the observer have no actor.
alter table channel.observation
add column source text not null default 'observer' check (source in ('observer', 'file', 'hand')),
add column actor text,
add constraint observation_of_somebody check ((source = 'observer') = (actor is null));

insert into ops.setting (name, value, meaning) values
(
    'reassert_list',
    'true',
    'a list that Kaspi took, and that buyers do not see as it says, is published anew so that Kaspi takes it again'
);
