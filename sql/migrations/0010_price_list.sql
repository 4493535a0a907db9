-- What the gate must know of a staged price list, and the staging of the two restock flows.

insert into ops.setting (name, value, meaning) values
('resale_sku_auto_link', 'true', 'a new resale SKU is linked at once; false: it waits for its card on Kaspi'),
('base_list_stale_hours', '24', 'a merchant''s own list that could not be read for so long holds publishing'),
('base_list_shrink_limit', '0.3', 'a base list that lost a larger share of its offers is held'),
('kaspi_fee_percent', '12', 'Kaspi''s fee assumed when a route''s net recovery is judged, percent of the price'),
('handling_cost', '500', 'tenge a returned unit costs in handling, assumed when net recovery is judged'),
('feed_unfetched_hours', '3', 'a published list that nobody fetched for so long is a divergence');

alter table channel.feed_version
add column carried_sha256 bytea,
add column base_offers integer not null default 0,
add column own_errors integer not null default 0,
add column base_warnings integer not null default 0,
add column findings jsonb not null default '[]',
add column approved boolean not null default false;
comment on column channel.feed_version.sha256 is 'Of the content without its date.';
comment on column channel.feed_version.carried_sha256 is
'Of the returned units it carries. The same content with other units is published anew: Kaspi has sold from the old.';
comment on column channel.feed_version.findings is
'The first broken rules: errors on our offers, warnings on the merchant''s own.';
comment on column channel.feed_version.approved is 'A person let this run publish although the base list shrank.';
comment on column channel.base_list.sha256 is 'Of the content without its date.';
comment on column channel.addition.waiting_reason is 'Why the unit is not in the list although it may be sold.';
comment on column channel.addition.observed_at is
'A read-back showed the offer on sale at its price, or a buyer ordered this very unit.';

-- What the staged version of a run carries: one row a unit that is free to be sold. Logged, unlike other staging:
-- a crash between stage and publish must not publish a list whose units are forgotten.
create table channel.stage_addition (
    dag_id text not null,
    run_id text not null,
    merchant_id text not null,
    unit_id uuid not null,
    decision_seq integer not null,
    channel text not null,
    store_id text not null,
    offer_sku text not null,
    sku text not null,
    price bigint,
    main_price bigint,
    primary key (dag_id, run_id, merchant_id, unit_id, decision_seq)
);

create table mart.stage_offer_sync (
    dag_id text not null,
    run_id text not null,
    like mart.offer_sync
);
create index stage_offer_sync_batch on mart.stage_offer_sync (dag_id, run_id, merchant_id);

-- The units that stand behind an offer and are not handed over yet.
create view channel.offered_unit as
select
    addition.merchant_id,
    addition.unit_id,
    addition.decision_seq,
    addition.store_id,
    addition.channel,
    addition.offer_sku,
    unit.sku,
    unit.state,
    unit.signs_of_use,
    unit.repaired,
    addition.quantity,
    addition.price,
    addition.decided_at,
    addition.waiting_reason,
    addition.published_version,
    addition.published_at,
    addition.fetched_at,
    unit.qc_at,
    reservation.unit_id is not null as reserved
from channel.addition as addition
inner join ledger.unit as unit on addition.unit_id = unit.unit_id
left join channel.sale as reservation
    on addition.unit_id = reservation.unit_id and reservation.state = 'reserved'
where
    addition.withdrawn_at is null
    and unit.state in ('restock_pending', 'on_sale')
    and not exists (
        select 1
        from channel.sale as done
        where done.unit_id = addition.unit_id and done.state = 'sold'
    )
    -- the warehouse has picked it already, though its listing is not proven yet
    and not exists (
        select 1
        from ledger.event_inbox as early
        where early.unit_id = addition.unit_id and early.type = 'resold'
    );

-- Where an order is served from: the store it names, or the merchant's only one.
create view channel.order_store as
with only_one as (
    select
        merchant_id,
        min(store_id) as store_id
    from core.store
    group by merchant_id
    having count(*) = 1
)

select
    placed.merchant_id,
    placed.order_id,
    coalesce(named.store_id, only_one.store_id, placed.store_id, '') as store_id
from core.customer_order as placed
left join core.store as named
    on placed.merchant_id = named.merchant_id and placed.store_id = named.store_id
left join only_one on placed.merchant_id = only_one.merchant_id;

-- What the gate reads: the staged rows of the run that the session names.
create view channel.batch_feed_version as
select *
from channel.feed_version
where
    status in ('staged', 'held')
    and dag_id = current_setting('qaitarym.dag_id', true)
    and run_id = current_setting('qaitarym.run_id', true);

create view channel.batch_feed_offer as
select feed_offer.*
from channel.feed_offer as feed_offer
inner join channel.batch_feed_version as staged
    on feed_offer.merchant_id = staged.merchant_id and feed_offer.version = staged.version;

create view channel.batch_own_offer as
select *
from channel.batch_feed_offer
where ours;

create view channel.batch_addition as
select *
from channel.stage_addition
where
    dag_id = current_setting('qaitarym.dag_id', true)
    and run_id = current_setting('qaitarym.run_id', true);

create view mart.batch_offer_sync as
select *
from mart.stage_offer_sync
where
    dag_id = current_setting('qaitarym.dag_id', true)
    and run_id = current_setting('qaitarym.run_id', true);
