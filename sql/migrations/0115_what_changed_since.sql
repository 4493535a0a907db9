-- A weekly run counts again only what changed. Whoever changes a fact notes, in the same transaction, which weeks of
-- which merchant it is of; a run reads the notes before the facts and removes those it has read when its numbers are
-- published. So a note is lost with its fact or not at all, and a run that is held back or fails leaves them all.

create table ops.mart_touch (
    note_id bigint generated always as identity primary key,
    merchant_id text not null,
    kind text not null check (kind in ('cohort', 'receipt', 'signal', 'goods', 'merchant')),
    week_start date,
    sku text,
    because text not null,
    check ((kind in ('cohort', 'receipt', 'signal')) = (week_start is not null)),
    check ((kind = 'goods') = (sku is not null))
);
create index mart_touch_merchant on ops.mart_touch (merchant_id);
comment on table ops.mart_touch is
'What the weekly marts have not counted yet. cohort: a week of orders; receipt: a week of receipts; signal: a week of
first signs of a return; goods: all weeks of a SKU; merchant: everything. merchant_id all: the whole house.';
comment on column ops.mart_touch.because is 'The cause that is shown where a number is restated by it.';

create table ops.mart_state (
    part text primary key,
    refreshed_at timestamptz not null,
    counted_by text not null,
    times integer not null
);
comment on table ops.mart_state is
'One row a merchant (and all): the clock of the run that counted last, and by which rules. Without a row, with other
rules or for an earlier clock everything is counted.';
comment on column ops.mart_state.times is
'How often it was counted: what was staged before the last time is older than what is published.';

create function core.week_of(at timestamptz) returns date
language sql immutable parallel safe
return date_trunc('week', at at time zone 'Asia/Almaty')::date;
comment on function core.week_of is 'The Monday of the Almaty week of a moment.';

create function core.week_begin(week_start date) returns timestamptz
language sql immutable parallel safe
return week_start::timestamp at time zone 'Asia/Almaty';
comment on function core.week_begin is 'The moment in which an Almaty day begins.';

create function mart.kpi_kind(kpi text) returns text
language sql immutable parallel safe
return case
    when kpi in ('return_rate_nowcast', 'return_rate_shrunk') then 'estimate'
    when kpi = 'return_rate' then 'cohort'
    when kpi = 'reconciled_share' then 'signal'
    else 'receipt'
end;
comment on function mart.kpi_kind is
'By what a number is counted: the week of the order, of the first sign, of the receipt; an estimate by every run.';

-- --- what the marts are counted from, by week

create index unit_received on ledger.unit (merchant_id, received_at) where received_at is not null;
create index unit_first_sign on ledger.unit (merchant_id, (least(requested_at, received_at)));
create index sweep_completed on ops.sweep (merchant_id, completed_at) where published;
create index cohort_weekly_of_sku on mart.cohort_weekly (merchant_id, sku);
create index cohort_weekly_of_week on mart.cohort_weekly (cohort_week, merchant_id);
create index kpi_weekly_of_week on mart.kpi_weekly (merchant_id, week_start);

create table mart.receipt_weekly (
    merchant_id text not null,
    week_start date not null,
    category text not null,
    sku text not null,
    supplier text not null,
    units integer not null,
    open_units integer not null,
    waiting_since timestamptz,
    longest_after double precision,
    relisted integer not null,
    routed_after bytea not null,
    unrouted_after bytea not null,
    unrouted_since bytea not null,
    sellable_after bytea not null,
    unsellable_after bytea not null,
    unsellable_since bytea not null,
    proved_observed integer not null,
    proved_fetched integer not null,
    proved_published integer not null,
    resold_30 integer not null,
    resold_60 integer not null,
    priced_units integer not null,
    original_price bigint not null,
    proceeds_30 bigint not null,
    proceeds_60 bigint not null,
    costed_units integer not null,
    reverse_cost bigint not null,
    compared_units integer not null,
    compared_cost bigint not null,
    compared_price bigint not null,
    closed_units integer not null,
    recovered_units integer not null,
    net_recovery bigint not null,
    claims integer not null,
    claims_amount bigint not null,
    claims_sent integer not null,
    claims_sent_amount bigint not null,
    claims_lost integer not null,
    claims_lost_amount bigint not null,
    claims_paid integer not null,
    claims_paid_amount bigint not null,
    primary key (merchant_id, week_start, category, sku, supplier)
);
comment on column mart.receipt_weekly.waiting_since is
'The latest first scan of a unit that waits for its route or to be on sale: once it waits longer than any other unit
took (longest_after), no estimate changes by its waiting on.';
comment on table mart.receipt_weekly is
'Sums over the units received in a week, of the weeks whose KPIs are written and the running one. Durations are lists of
float8 in network order, ascending: seconds from the first scan, or, of units that wait, the moment of the first scan.';

create table mart.expected_weekly (
    merchant_id text not null,
    week_start date not null,
    category text not null,
    sku text not null,
    supplier text not null,
    units integer not null,
    reconciled integer not null,
    primary key (merchant_id, week_start, category, sku, supplier)
);
comment on table mart.expected_weekly is
'Units by the week of their first sign, and how many of them have a complete, undisputed story.';

create table mart.delay_weekly (
    merchant_id text not null,
    cohort_week date not null,
    horizon_days integer not null,
    category text not null,
    requested_week date not null,
    returned integer not null,
    primary key (merchant_id, cohort_week, horizon_days, category, requested_week)
);
create index delay_weekly_of_week on mart.delay_weekly (cohort_week);
comment on table mart.delay_weekly is
'The returned pieces of mart.cohort_weekly by the latest week in which they can have been asked for.';

-- what a returned piece is counted under, looked up once
alter table mart.stage_cohort_return
add column cohort_week date,
add column city text,
add column carrier text,
add column sku text;

create unlogged table mart.stage_touch (
    dag_id text not null,
    run_id text not null,
    merchant_id text not null,
    kind text not null check (kind in ('cohort', 'receipt', 'signal', 'number')),
    week_start date not null,
    because text[] not null,
    primary key (dag_id, run_id, merchant_id, kind, week_start)
);
comment on table mart.stage_touch is
'What a run counts anew. number: a week of receipts whose numbers change by the clock alone.';

create unlogged table mart.stage_state (
    dag_id text not null,
    run_id text not null,
    merchant_id text not null,
    times integer not null,
    primary key (dag_id, run_id, merchant_id)
);
comment on table mart.stage_state is 'How often a part had been counted when the run read what changed of it.';

create unlogged table mart.stage_touch_note (
    dag_id text not null,
    run_id text not null,
    merchant_id text not null,
    note_id bigint not null,
    primary key (dag_id, run_id, merchant_id, note_id)
);

create unlogged table mart.stage_receipt_weekly (
    dag_id text not null,
    run_id text not null,
    like mart.receipt_weekly
);
create index stage_receipt_weekly_batch on mart.stage_receipt_weekly (dag_id, run_id, merchant_id);
create unlogged table mart.stage_expected_weekly (
    dag_id text not null,
    run_id text not null,
    like mart.expected_weekly
);
create index stage_expected_weekly_batch on mart.stage_expected_weekly (dag_id, run_id, merchant_id);
create unlogged table mart.stage_delay_weekly (
    dag_id text not null,
    run_id text not null,
    like mart.delay_weekly
);
create index stage_delay_weekly_batch on mart.stage_delay_weekly (dag_id, run_id, merchant_id);

-- Staging tables are analyzed when a merchant is staged, for their size and for rough shares (see 0055).
do $$
declare
    staged record;
begin
    for staged in
        select
            format('%I.%I', columns.table_schema, columns.table_name) as relation,
            columns.column_name
        from information_schema.columns
        where
            columns.table_schema = 'mart'
            and columns.table_name in (
                'stage_cohort_return', 'stage_cohort_weekly', 'stage_cause_weekly', 'stage_delay_weekly',
                'stage_receipt_weekly', 'stage_expected_weekly', 'stage_kpi_weekly', 'stage_touch'
            )
    loop
        execute format('alter table %s alter column %I set statistics 10', staged.relation, staged.column_name);
    end loop;
end
$$;

drop view mart.batch_kpi_weekly;
create view mart.batch_kpi_weekly as
select
    coalesce(merchant_id, 'all') as merchant_id,
    category,
    sku,
    supplier,
    week_start,
    kpi,
    horizon_days,
    version,
    value,
    lo,
    hi,
    n,
    concat_ws(' ', kpi, week_start, category, sku, supplier) as cell
from mart.stage_kpi_weekly
where
    dag_id = current_setting('qaitarym.dag_id', true)
    and run_id = current_setting('qaitarym.run_id', true);

-- --- who notes what. Orders and their lines note nothing by themselves: the statement that publishes a batch does
-- (sql/ops/mart_touch__of_batch.sql). All others are few beside them, and each statement notes once.

create function ops.note_units() returns trigger
language plpgsql
as $$
begin
    insert into ops.mart_touch (merchant_id, kind, week_start, because)
    with told as (
        select
            after.merchant_id,
            side.case_id,
            side.order_id,
            side.requested_at,
            side.received_at,
            case
                when
                    num_nulls(
                        after.received_at, after.inspected_at, after.routed_at, after.qc_at, after.restocked_at,
                        after.on_sale_at, after.resold_at, after.finding, after.route
                    ) > num_nulls(
                        before.received_at, before.inspected_at, before.routed_at, before.qc_at, before.restocked_at,
                        before.on_sale_at, before.resold_at, before.finding, before.route
                    )
                    then 'voided event'
                else 'late facts'
            end as because
        from unit_after as after
        inner join unit_before as before on after.unit_id = before.unit_id
        cross join lateral (
            values
            (after.case_id, after.order_id, after.requested_at, after.received_at),
            (before.case_id, before.order_id, before.requested_at, before.received_at)
        ) as side (case_id, order_id, requested_at, received_at)
    )

    select
        told.merchant_id,
        'receipt',
        core.week_of(told.received_at),
        told.because
    from told
    where told.received_at is not null
    union
    select
        told.merchant_id,
        'signal',
        core.week_of(least(told.requested_at, told.received_at)),
        told.because
    from told
    where least(told.requested_at, told.received_at) is not null
    union
    select
        placed.merchant_id,
        'cohort',
        core.week_of(placed.created_at),
        named.because
    from (select distinct told.merchant_id, told.case_id, told.order_id, told.because from told) as named
    left join core.return_case as return_case on named.case_id = return_case.case_id
    inner join core.customer_order as placed
        on
            named.merchant_id = placed.merchant_id
            and placed.order_id = coalesce(return_case.order_id, named.order_id);
    return null;
end
$$;
create trigger note_changed after update on ledger.unit
referencing old table as unit_before new table as unit_after
for each statement execute function ops.note_units();

create function ops.note_new_units() returns trigger
language plpgsql
as $$
begin
    insert into ops.mart_touch (merchant_id, kind, week_start, because)
    select
        told.merchant_id,
        'receipt',
        core.week_of(told.received_at),
        'late facts'
    from unit_told as told
    where told.received_at is not null
    union
    select
        told.merchant_id,
        'signal',
        core.week_of(least(told.requested_at, told.received_at)),
        'late facts'
    from unit_told as told
    where least(told.requested_at, told.received_at) is not null
    union
    select
        placed.merchant_id,
        'cohort',
        core.week_of(placed.created_at),
        'late facts'
    from unit_told as told
    left join core.return_case as return_case on told.case_id = return_case.case_id
    inner join core.customer_order as placed
        on
            told.merchant_id = placed.merchant_id
            and placed.order_id = coalesce(return_case.order_id, told.order_id);
    return null;
end
$$;
create trigger note_new after insert on ledger.unit
referencing new table as unit_told for each statement execute function ops.note_new_units();
create trigger note_gone after delete on ledger.unit
referencing old table as unit_told for each statement execute function ops.note_new_units();

create function ops.note_cases() returns trigger
language plpgsql
as $$
begin
    insert into ops.mart_touch (merchant_id, kind, week_start, because)
    select distinct
        placed.merchant_id,
        'cohort',
        core.week_of(placed.created_at),
        'late facts'
    from case_told as told
    inner join core.customer_order as placed
        on told.merchant_id = placed.merchant_id and told.order_id = placed.order_id;
    return null;
end
$$;
create trigger note_new after insert on core.return_case
referencing new table as case_told for each statement execute function ops.note_cases();
create trigger note_changed after update on core.return_case
referencing new table as case_told for each statement execute function ops.note_cases();
-- a case that is put on another order leaves the one it was on
create trigger note_left after update on core.return_case
referencing old table as case_told for each statement execute function ops.note_cases();
create trigger note_gone after delete on core.return_case
referencing old table as case_told for each statement execute function ops.note_cases();

create function ops.note_receipts() returns trigger
language plpgsql
as $$
begin
    insert into ops.mart_touch (merchant_id, kind, week_start, because)
    select distinct
        unit.merchant_id,
        'receipt',
        core.week_of(unit.received_at),
        tg_argv[0]
    from of_unit as told
    inner join ledger.unit as unit on told.unit_id = unit.unit_id
    where unit.received_at is not null;
    return null;
end
$$;
create trigger note_new after insert on core.unit_cost
referencing new table as of_unit for each statement execute function ops.note_receipts('cost booked');
create trigger note_new after insert on core.claim
referencing new table as of_unit for each statement execute function ops.note_receipts('claim moved on');
create trigger note_changed after update on core.claim
referencing new table as of_unit for each statement execute function ops.note_receipts('claim moved on');
create trigger note_gone after delete on core.claim
referencing old table as of_unit for each statement execute function ops.note_receipts('claim moved on');
create trigger note_new after insert on channel.addition
referencing new table as of_unit for each statement execute function ops.note_receipts('offer seen');
create trigger note_changed after update on channel.addition
referencing new table as of_unit for each statement execute function ops.note_receipts('offer seen');
create trigger note_gone after delete on channel.addition
referencing old table as of_unit for each statement execute function ops.note_receipts('offer seen');

create function ops.note_discrepancies() returns trigger
language plpgsql
as $$
begin
    insert into ops.mart_touch (merchant_id, kind, week_start, because)
    select
        unit.merchant_id,
        'signal',
        core.week_of(least(unit.requested_at, unit.received_at)),
        'discrepancy opened or settled'
    from discrepancy_told as told
    inner join ledger.unit as unit on told.unit_id = unit.unit_id
    where least(unit.requested_at, unit.received_at) is not null
    union
    select
        unit.merchant_id,
        'signal',
        core.week_of(least(unit.requested_at, unit.received_at)),
        'discrepancy opened or settled'
    from discrepancy_told as told
    inner join ledger.unit as unit on told.case_id = unit.case_id
    where least(unit.requested_at, unit.received_at) is not null;
    return null;
end
$$;
create trigger note_new after insert on core.discrepancy
referencing new table as discrepancy_told for each statement execute function ops.note_discrepancies();
create trigger note_changed after update on core.discrepancy
referencing new table as discrepancy_told for each statement execute function ops.note_discrepancies();
create trigger note_gone after delete on core.discrepancy
referencing old table as discrepancy_told for each statement execute function ops.note_discrepancies();

-- A catalogue of which much changed at once touches everything of its merchant.
create function ops.note_goods(skus text[], merchants text[], why text) returns void
language sql
as $$
    insert into ops.mart_touch (merchant_id, kind, sku, because)
    select
        told.merchant_id,
        case when many.is_so then 'merchant' else 'goods' end,
        case when not many.is_so then told.sku end,
        why
    from unnest(skus, merchants) as told (sku, merchant_id)
    cross join (select cardinality(skus) > 500 as is_so) as many
    group by 1, 2, 3
$$;

create function ops.note_products() returns trigger
language plpgsql
as $$
begin
    perform ops.note_goods(array_agg(after.sku), array_agg(after.merchant_id), 'moved category or supplier')
    from product_after as after
    left join product_before as before on after.merchant_id = before.merchant_id and after.sku = before.sku
    where (after.category, after.supplier) is distinct from (before.category, before.supplier);
    return null;
end
$$;
create trigger note_changed after update on core.product
referencing old table as product_before new table as product_after
for each statement execute function ops.note_products();

create function ops.note_new_goods() returns trigger
language plpgsql
as $$
begin
    perform ops.note_goods(array_agg(told.sku), array_agg(told.merchant_id), tg_argv[0])
    from goods_told as told;
    return null;
end
$$;
create trigger note_new after insert on core.product
referencing new table as goods_told for each statement execute function ops.note_new_goods('moved category or supplier');
create trigger note_gone after delete on core.product
referencing old table as goods_told for each statement execute function ops.note_new_goods('moved category or supplier');

create function ops.note_resale_skus() returns trigger
language plpgsql
as $$
begin
    perform ops.note_goods(array_agg(told.offer_sku), array_agg(told.merchant_id), 'resale SKU named')
    from goods_told as told;
    return null;
end
$$;
create trigger note_new after insert on channel.resale_sku
referencing new table as goods_told for each statement execute function ops.note_resale_skus();
create trigger note_gone after delete on channel.resale_sku
referencing old table as goods_told for each statement execute function ops.note_resale_skus();

-- Another tariff of storage counts for what lies there already.
create function ops.note_tariffs() returns trigger
language plpgsql
as $$
begin
    insert into ops.mart_touch (merchant_id, kind, because)
    select distinct
        merchant.merchant_id,
        'merchant',
        'price of storage changed'
    from rate_told as told
    inner join core.merchant as merchant on told.merchant_id in ('*', merchant.merchant_id)
    where told.term = 'storage';
    return null;
end
$$;
create trigger note_new after insert on core.rate_card
referencing new table as rate_told for each statement execute function ops.note_tariffs();
create trigger note_gone after delete on core.rate_card
referencing old table as rate_told for each statement execute function ops.note_tariffs();

create function ops.note_stores() returns trigger
language plpgsql
as $$
begin
    insert into ops.mart_touch (merchant_id, kind, because)
    select distinct
        told.merchant_id,
        'merchant',
        'price of storage changed'
    from store_told as told;
    return null;
end
$$;
create trigger note_new after insert on core.store
referencing new table as store_told for each statement execute function ops.note_stores();
create trigger note_changed after update on core.store
referencing new table as store_told for each statement execute function ops.note_stores();
