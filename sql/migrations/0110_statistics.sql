-- What the statistics of the week are counted from and what they say, and the register of what was done against causes.

alter table mart.stage_cohort_return add column requested_week date;
comment on column mart.stage_cohort_return.requested_week is
'The Monday of the latest week in which it can have been asked for: how late returns come is read from it.';

-- What somebody does so that less comes back. Said once; ends and mistakes are further rows.
create table core.preventive_action (
    action_id uuid primary key,
    merchant_id text not null references core.merchant,
    kind text not null check (kind in ('description', 'packaging_standard', 'supplier_instruction')),
    scope jsonb not null check (
        jsonb_typeof(scope) = 'object'
        and scope <> '{}'
        and scope - '{category,supplier,batch,sku,city,carrier}'::text[] = '{}'
    ),
    reason text,
    hypothesis text not null check (hypothesis <> ''),
    owner text not null check (owner <> ''),
    starts_on date not null,
    registered_by text not null check (registered_by <> ''),
    registered_at timestamptz not null
);
comment on table core.preventive_action is
'Append-only: a description, packaging standard or instruction that was changed.';
comment on column core.preventive_action.scope is 'The goods and places it is about: {"category": …, "sku": …}.';
comment on column core.preventive_action.reason is 'The cause it works against; NULL: all of them.';
comment on column core.preventive_action.hypothesis is 'What is expected of it, said before the numbers are known.';
comment on column core.preventive_action.starts_on is 'Orders from this Almaty day on are under it.';
create trigger append_only before update or delete or truncate on core.preventive_action
for each statement execute function core.refuse_change();

create table core.preventive_action_event (
    action_id uuid not null references core.preventive_action,
    type text not null check (type in ('ended', 'withdrawn')),
    on_day date not null,
    note text,
    actor text not null check (actor <> ''),
    at timestamptz not null,
    primary key (action_id, type)
);
comment on table core.preventive_action_event is
'Append-only: orders from on_day on are not under it any more; or it was registered by mistake and is not judged.';
create trigger append_only before update or delete or truncate on core.preventive_action_event
for each statement execute function core.refuse_change();

alter table mart.action_effect
add column kind text,
add column owner text,
add column hypothesis text,
add column reason text,
add column ended_on date,
add column known_on date,
add column evidence jsonb;
alter table mart.action_effect add constraint verdict_is_one check (
    verdict in ('helped', 'made_worse', 'no_effect_shown', 'not_enough_data')
);
comment on column mart.action_effect.effect is
'Rate of returns against that without the action: 0.7 is 30 % fewer. NULL with lo and hi: not enough data.';

create unlogged table mart.stage_action_effect (
    dag_id text not null,
    run_id text not null,
    like mart.action_effect
);
create index stage_action_effect_batch on mart.stage_action_effect (dag_id, run_id, merchant_id);

-- What stated reasons are worth, and causes corrected by it: of the pieces received in a week.
create table mart.reason_worth (
    merchant_id text not null,
    week_start date not null,
    reason text not null,
    inspected integer not null,
    confirmed integer not null,
    share numeric,
    lo numeric,
    hi numeric,
    mostly text,
    primary key (merchant_id, week_start, reason)
);
comment on table mart.reason_worth is
'How often the inspection confirmed a stated reason in the 26 weeks up to the week.';

create table mart.cause_share (
    merchant_id text not null,
    week_start date not null,
    cause text not null,
    received integer not null,
    inspected integer not null,
    stated numeric not null,
    value numeric not null,
    lo numeric not null,
    hi numeric not null,
    primary key (merchant_id, week_start, cause)
);
comment on table mart.cause_share is
'Shares of causes among the customers'' returns received in a week, as they will be found.';

create unlogged table mart.stage_reason_worth (
    dag_id text not null,
    run_id text not null,
    like mart.reason_worth
);
create index stage_reason_worth_batch on mart.stage_reason_worth (dag_id, run_id, merchant_id);
create unlogged table mart.stage_cause_share (
    dag_id text not null,
    run_id text not null,
    like mart.cause_share
);
create index stage_cause_share_batch on mart.stage_cause_share (dag_id, run_id, merchant_id);

create view mart.batch_action_effect as
select
    merchant_id,
    action_id,
    effect,
    lo,
    hi,
    verdict
from mart.stage_action_effect
where
    dag_id = current_setting('qaitarym.dag_id', true)
    and run_id = current_setting('qaitarym.run_id', true);

create view mart.batch_cause_share as
select
    merchant_id,
    week_start,
    cause,
    stated,
    value,
    lo,
    hi
from mart.stage_cause_share
where
    dag_id = current_setting('qaitarym.dag_id', true)
    and run_id = current_setting('qaitarym.run_id', true);
