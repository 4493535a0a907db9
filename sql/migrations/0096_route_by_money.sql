-- Route by money: what each route of a unit is expected to leave, which one is proposed, what a person ruled instead.

insert into ops.setting (name, value, meaning) values
('route_horizon_days', '60', 'a unit that nobody bought for so many days is taken for unsold when routes are compared'),
(
    'route_confidence',
    '0.8',
    'how sure the model must be that a route leaves more than the plain rule''s before it is proposed, 0.5 to 1'
),
(
    'route_by_money',
    '[]',
    'merchants whose units take the proposed route by themselves ("*": all); of others the plain rule decides, and a '
    'person may rule otherwise'
);
alter table ops.setting
add constraint route_confidence_is_a_share check (
    name <> 'route_confidence'
    or (jsonb_typeof(value) = 'number' and value::text::numeric between 0.5 and 1)
),
add constraint route_horizon_is_days check (
    name <> 'route_horizon_days'
    or (jsonb_typeof(value) = 'number' and value::text::numeric between 1 and 365)
),
add constraint route_by_money_names_merchants check (
    name <> 'route_by_money' or jsonb_typeof(value) = 'array'
);

create table channel.route_proposal (
    proposal_id uuid primary key,
    merchant_id text not null,
    unit_id uuid not null,
    seq integer not null,
    model text not null,
    known_on date not null,
    proposed_at timestamptz not null,
    plain text,
    proposed text,
    why text not null check (why in ('best', 'not_sure', 'only_one', 'plain'))
);
create index route_proposal_unit on channel.route_proposal (unit_id, seq desc, proposed_at desc);
create index route_proposal_merchant on channel.route_proposal (merchant_id, proposed_at desc);
comment on table channel.route_proposal is
'What was proposed for a unit as its seq-th event had left it. The id is made of all it says.';
comment on column channel.route_proposal.plain is 'What the plain rule does: intact to main, repacked 7.5 % off.';
comment on column channel.route_proposal.proposed is 'The legal route that leaves most, if surely more than plain.';
comment on column channel.route_proposal.known_on is 'Nothing that happened after this Almaty day began was looked at.';

create table channel.route_estimate (
    proposal_id uuid not null references channel.route_proposal,
    route text not null check (route in ('main', 'resale', 'off_kaspi', 'repair', 'supplier', 'write_off')),
    refusal text,
    price bigint,
    discount_permille integer not null,
    sale_probability double precision check (sale_probability between 0 and 1),
    days double precision check (days >= 0),
    proceeds bigint,
    fee bigint,
    repair bigint,
    packaging bigint,
    handling bigint,
    holding bigint,
    write_off bigint,
    net bigint,
    low bigint,
    high bigint,
    beats_plain double precision check (beats_plain between 0 and 1),
    unknown text[] not null,
    primary key (proposal_id, route),
    constraint the_net_is_its_parts check (
        net is not distinct from proceeds - fee - repair - packaging - handling - holding - write_off
    ),
    constraint the_interval_is_in_order check (low <= high)
);
comment on column channel.route_estimate.refusal is 'Why the route is not legal; NULL: it is.';
comment on column channel.route_estimate.low is 'low and high bound the expected net recovery with 80 %.';
comment on column channel.route_estimate.unknown is 'Parts that nobody can tell; they count 0 in the sum.';

create table channel.route_ruling (
    ruling_no bigint generated always as identity primary key,
    ruling_id uuid not null unique,
    merchant_id text not null,
    unit_id uuid not null,
    seq integer not null,
    proposal_id uuid not null references channel.route_proposal,
    route text not null check (route in ('main', 'resale', 'off_kaspi', 'repair', 'supplier', 'write_off')),
    reason text not null check (btrim(reason) <> ''),
    actor text not null check (btrim(actor) <> ''),
    ruled_at timestamptz not null
);
create index route_ruling_unit on channel.route_ruling (unit_id, ruling_no desc);
comment on table channel.route_ruling is
'What a person decided instead of the proposal he saw, and why. The last one counts until the unit is inspected anew.';

create trigger append_only before update or delete or truncate on channel.route_proposal
for each statement execute function core.refuse_change();
create trigger append_only before update or delete or truncate on channel.route_estimate
for each statement execute function core.refuse_change();
create trigger append_only before update or delete or truncate on channel.route_ruling
for each statement execute function core.refuse_change();

-- All that policy and price need to know of a unit, whatever its state.
create view channel.unit_condition as
select
    unit.unit_id,
    unit.merchant_id,
    unit.seq,
    unit.state,
    coalesce(sold_as.sku, unit.sku) as sku,
    store.store_id,
    store.warehouse,
    store.base_includes_returns,
    unit.grade,
    unit.route,
    unit.finding,
    -- by any look and any repair that counts, whatever the projection says
    unit.signs_of_use or coalesce(worked.used, false) as signs_of_use,
    unit.repaired or coalesce(worked.repaired, false) as repaired,
    (looked.payload ->> 'packaging_intact')::boolean as packaging_intact,
    exists(
        select 1
        from ledger.effective_event as packed
        where packed.unit_id = unit.unit_id and packed.type = 'repacked' and packed.seq > coalesce(looked.seq, 0)
    ) as repacked,
    coalesce(listed.price, case when sold_as.sku is null then line.base_price end) as main_price,
    resale_sku.offer_sku as resale_sku,
    unit.qc_at,
    ruling.ruling_id,
    ruling.route as ruled_route,
    ruling.actor as ruled_by,
    ruling.reason as ruled_because
from ledger.unit as unit
left join lateral (
    select min(only_one.store_id) as store_id
    from core.store as only_one
    where only_one.merchant_id = unit.merchant_id and unit.store_id is null
    having count(*) = 1
) as only_store on true
left join core.store as store
    on
        unit.merchant_id = store.merchant_id
        and coalesce(unit.store_id, only_store.store_id) = store.store_id
left join core.order_line as line
    on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id and unit.sku = line.sku
-- goods that were sold under a resale SKU and came back are goods of the main SKU
left join channel.resale_sku as sold_as
    on unit.merchant_id = sold_as.merchant_id and unit.sku = sold_as.offer_sku
left join channel.resale_sku as resale_sku
    on unit.merchant_id = resale_sku.merchant_id and coalesce(sold_as.sku, unit.sku) = resale_sku.sku
left join lateral (
    select
        inspected.seq,
        inspected.payload
    from ledger.effective_event as inspected
    where inspected.unit_id = unit.unit_id and inspected.type = 'inspected'
    order by inspected.seq desc
    limit 1
) as looked on true
left join lateral (
    select
        bool_or(work.type = 'inspected' and (work.payload ->> 'signs_of_use')::boolean) as used,
        bool_or(work.type = 'repaired') as repaired
    from ledger.effective_event as work
    where work.unit_id = unit.unit_id and work.type in ('inspected', 'repaired')
) as worked on true
left join lateral (
    select offer.price
    from channel.base_offer as offer
    where
        offer.merchant_id = unit.merchant_id
        and offer.sku = coalesce(sold_as.sku, unit.sku)
        and offer.price is not null
    order by offer.base_version desc, offer.position asc
    limit 1
) as listed on true
left join lateral (
    select told.*
    from channel.route_ruling as told
    where
        told.unit_id = unit.unit_id
        and not exists (
            select 1
            from ledger.unit_event as anew
            where anew.unit_id = told.unit_id and anew.seq > told.seq and anew.type = 'inspected'
        )
    order by told.ruling_no desc
    limit 1
) as ruling on true;
