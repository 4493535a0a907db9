-- What the dashboard shows is counted when it happens, not when somebody looks: sums that a page reads in a few blocks,
-- however many units there are. mart.unit_place keeps what each unit counts as; a change of it is added to the sums.
--
-- In all sums a NULL category or supplier means all of them, and a row of which nothing is left is gone.

-- The same limits as include/domain/speed.py, where a test compares them.
create function core.speed_bucket(took interval)
returns smallint
language sql immutable parallel safe
as $$
    select width_bucket(extract(epoch from took) / 3600, array[4, 8, 24, 48, 72, 120, 168, 336, 720]::numeric[])::smallint
$$;
comment on function core.speed_bucket is 'Which of the spans that durations are counted by; 0 is below four hours.';

create table mart.unit_place (
    unit_id uuid primary key,
    merchant_id text not null,
    seq integer not null,
    sku text,
    category text not null,
    supplier text not null,
    store_id text,
    warehouse text,
    state text not null,
    zone text not null,
    channel text not null,
    stated_reason text not null,
    cause text not null,
    since timestamptz not null,
    requested_at timestamptz,
    received_at timestamptz,
    decided_at timestamptz,
    on_sale_at timestamptz,
    resold_at timestamptz,
    ended_at timestamptz,
    closed_at timestamptz,
    value bigint not null,
    proceeds bigint not null,
    forward_delivery bigint,
    collection bigint,
    receiving bigint,
    inspection bigint,
    repair bigint,
    parts bigint,
    packaging bigint,
    storage bigint,
    channel_fee bigint,
    write_off bigint,
    compensation bigint not null
);
comment on table mart.unit_place is 'What a unit counts as in the sums of the dashboard, as of the newest look.';
comment on column mart.unit_place.seq is 'The number of the unit''s event that it was looked at by.';
comment on column mart.unit_place.since is 'Since when it is in its state.';
comment on column mart.unit_place.ended_at is 'When its life ended otherwise than by a sale or a cancellation.';
comment on column mart.unit_place.value is 'Its price in its order, 0 where that is unknown.';
comment on column mart.unit_place.storage is
'Of a unit that is still here 0: its days are counted by mart.stored. NULL here and beside it: nobody knows.';
create index unit_place_waits on mart.unit_place (merchant_id, state, since, unit_id) where closed_at is null;
create index unit_place_requested on mart.unit_place (merchant_id, requested_at, unit_id)
where requested_at is not null;
create index unit_place_received on mart.unit_place (merchant_id, received_at, unit_id) where received_at is not null;
create index unit_place_on_sale on mart.unit_place (merchant_id, on_sale_at, unit_id) where on_sale_at is not null;
create index unit_place_resold on mart.unit_place (merchant_id, resold_at, unit_id) where resold_at is not null;
create index unit_place_ended on mart.unit_place (merchant_id, ended_at, unit_id) where ended_at is not null;
-- most numbers are of received goods, and of one category or supplier now and then
create index unit_place_category on mart.unit_place (merchant_id, category, received_at, unit_id)
where received_at is not null;
create index unit_place_supplier on mart.unit_place (merchant_id, supplier, received_at, unit_id)
where received_at is not null;

-- Each unit with each step: when it reached it, NULL where it did not, and how: the channel, or the state its life
-- ended in. No branch has a condition of its own, so that a list in the order of at is read from the step's index.
create view mart.unit_step as
select
    'requested' as step,
    '' as way,
    requested_at as at,
    unit_place.*
from mart.unit_place
union all
select
    'received' as step,
    '' as way,
    received_at as at,
    unit_place.*
from mart.unit_place
union all
select
    'on_sale' as step,
    channel as way,
    on_sale_at as at,
    unit_place.*
from mart.unit_place
union all
select
    'resold' as step,
    channel as way,
    resold_at as at,
    unit_place.*
from mart.unit_place
union all
select
    'ended' as step,
    state as way,
    ended_at as at,
    unit_place.*
from mart.unit_place;

create table mart.flow_weekly (
    merchant_id text not null,
    category text,
    supplier text,
    week_start date not null,
    step text not null check (step in ('requested', 'received', 'on_sale', 'resold', 'ended')),
    way text not null,
    units bigint not null,
    value bigint not null,
    proceeds bigint not null,
    unique nulls not distinct (merchant_id, category, supplier, week_start, step, way)
);
comment on table mart.flow_weekly is 'Units that reached a step in a week, and their money.';
create index flow_weekly_empty on mart.flow_weekly (merchant_id) where units = 0;

create table mart.waiting (
    merchant_id text not null,
    category text,
    supplier text,
    state text not null,
    zone text not null,
    since_day date not null,
    units bigint not null,
    value bigint not null,
    unique nulls not distinct (merchant_id, category, supplier, state, zone, since_day)
);
comment on table mart.waiting is 'Units whose life goes on, by where they wait and since which Almaty day.';
create index waiting_empty on mart.waiting (merchant_id) where units = 0;

create table mart.stored (
    merchant_id text not null,
    category text,
    supplier text,
    warehouse text not null,
    came_on date not null,
    units bigint not null,
    unique nulls not distinct (merchant_id, category, supplier, warehouse, came_on)
);
comment on table mart.stored is
'Received units that are still here, by the day they came on: what their storage costs so far follows from it.';
create index stored_empty on mart.stored (merchant_id) where units = 0;

create table mart.speed_weekly (
    merchant_id text not null,
    category text,
    supplier text,
    week_start date not null,
    measure text not null check (measure in ('decided', 'sellable')),
    outcome text not null check (outcome in ('reached', 'open', 'ended')),
    bucket smallint not null,
    units bigint not null,
    unique nulls not distinct (merchant_id, category, supplier, week_start, measure, outcome, bucket)
);
comment on table mart.speed_weekly is
'Units received in a week by how long it took from the first scan to the decision, and to the sale.';
comment on column mart.speed_weekly.bucket is 'core.speed_bucket of what was reached, or of how it ended; -1: open.';
create index speed_weekly_empty on mart.speed_weekly (merchant_id) where units = 0;

create table mart.received_cause_weekly (
    merchant_id text not null,
    category text,
    supplier text,
    week_start date not null,
    stated_reason text not null,
    cause text not null,
    units bigint not null,
    value bigint not null,
    unique nulls not distinct (merchant_id, category, supplier, week_start, stated_reason, cause)
);
comment on table mart.received_cause_weekly is 'Units received in a week by what the buyer said and what was found.';
create index received_cause_weekly_empty on mart.received_cause_weekly (merchant_id) where units = 0;

create table mart.received_weekly (
    merchant_id text not null,
    category text,
    supplier text,
    week_start date not null,
    units bigint not null,
    value bigint not null,
    put_back bigint not null,
    put_back_main bigint not null,
    put_back_resale bigint not null,
    put_back_off_kaspi bigint not null,
    resold bigint not null,
    resold_main bigint not null,
    resold_resale bigint not null,
    resold_off_kaspi bigint not null,
    proceeds bigint not null,
    proceeds_main bigint not null,
    proceeds_resale bigint not null,
    proceeds_off_kaspi bigint not null,
    ended_otherwise bigint not null,
    still_here bigint not null,
    forward_delivery bigint not null,
    collection bigint not null,
    receiving bigint not null,
    inspection bigint not null,
    repair bigint not null,
    parts bigint not null,
    packaging bigint not null,
    storage bigint not null,
    channel_fee bigint not null,
    write_off bigint not null,
    compensation bigint not null,
    no_forward_delivery bigint not null,
    no_collection bigint not null,
    no_receiving bigint not null,
    no_inspection bigint not null,
    no_repair bigint not null,
    no_parts bigint not null,
    no_packaging bigint not null,
    no_storage bigint not null,
    no_channel_fee bigint not null,
    no_write_off bigint not null,
    unique nulls not distinct (merchant_id, category, supplier, week_start)
);
comment on table mart.received_weekly is 'Units received in a week: what became of them, and what they cost so far.';
comment on column mart.received_weekly.no_storage is 'Of so many units the term is not known; so with each no_ column.';
create index received_weekly_empty on mart.received_weekly (merchant_id) where units = 0;

create table ops.dashboard_look (
    merchant_id text primary key,
    looked_at timestamptz not null
);
comment on table ops.dashboard_look is 'As of when the sums of the dashboard are, a row a merchant.';

-- What changed of units without an event of theirs: whoever changes it says so here, the next look takes it away.
create table ops.dashboard_touched (
    merchant_id text not null,
    kind text not null check (kind in ('unit', 'order', 'case', 'sku', 'storage', 'store')),
    key text not null
);
create index dashboard_touched_merchant on ops.dashboard_touched (merchant_id);

create function ops.touch_orders() returns trigger language plpgsql as $$
begin
    insert into ops.dashboard_touched (merchant_id, kind, key)
    select
        is_now.merchant_id,
        'order',
        is_now.order_id
    from is_now
    inner join was on is_now.merchant_id = was.merchant_id and is_now.order_id = was.order_id
    -- with the total the lines change
    where
        (is_now.delivery_cost_seller, is_now.store_id, is_now.total_price)
        is distinct from (was.delivery_cost_seller, was.store_id, was.total_price);
    return null;
end
$$;
create trigger touch_dashboard after update on core.customer_order
referencing old table as was new table as is_now
for each statement execute function ops.touch_orders();

create function ops.touch_lines() returns trigger language plpgsql as $$
begin
    insert into ops.dashboard_touched (merchant_id, kind, key)
    select distinct
        is_now.merchant_id,
        'order',
        is_now.order_id
    from is_now
    inner join was on is_now.merchant_id = was.merchant_id and is_now.entry_id = was.entry_id
    where (is_now.base_price, is_now.quantity) is distinct from (was.base_price, was.quantity);
    return null;
end
$$;
create trigger touch_dashboard after update on core.order_line
referencing old table as was new table as is_now
for each statement execute function ops.touch_lines();

create function ops.touch_cases() returns trigger language plpgsql as $$
begin
    insert into ops.dashboard_touched (merchant_id, kind, key)
    select
        is_now.merchant_id,
        'case',
        is_now.case_id::text
    from is_now
    inner join was on is_now.case_id = was.case_id
    where is_now.stated_reason is distinct from was.stated_reason;
    return null;
end
$$;
create trigger touch_dashboard after update on core.return_case
referencing old table as was new table as is_now
for each statement execute function ops.touch_cases();

create function ops.touch_products() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        insert into ops.dashboard_touched (merchant_id, kind, key)
        select
            is_now.merchant_id,
            'sku',
            is_now.sku
        from is_now
        inner join was on is_now.merchant_id = was.merchant_id and is_now.sku = was.sku
        where (is_now.category, is_now.supplier) is distinct from (was.category, was.supplier);
    else
        insert into ops.dashboard_touched (merchant_id, kind, key)
        select
            is_now.merchant_id,
            'sku',
            is_now.sku
        from is_now;
    end if;
    return null;
end
$$;
create trigger touch_dashboard after update on core.product
referencing old table as was new table as is_now
for each statement execute function ops.touch_products();
create trigger touch_dashboard_first after insert on core.product
referencing new table as is_now
for each statement execute function ops.touch_products();

create function ops.touch_claim() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' or new.paid_amount is distinct from old.paid_amount then
        insert into ops.dashboard_touched (merchant_id, kind, key)
        values (new.merchant_id, 'unit', new.unit_id::text);
    end if;
    return null;
end
$$;
create trigger touch_dashboard after insert or update of paid_amount on core.claim
for each row execute function ops.touch_claim();

create function ops.touch_storage() returns trigger language plpgsql as $$
begin
    insert into ops.dashboard_touched (merchant_id, kind, key)
    select
        merchant.merchant_id,
        'storage',
        min(price.valid_from)::text
    from prices as price
    inner join core.merchant on price.merchant_id in ('*', merchant.merchant_id)
    where price.term = 'storage'
    group by merchant.merchant_id;
    return null;
end
$$;
create trigger touch_dashboard after insert on core.rate_card
referencing new table as prices
for each statement execute function ops.touch_storage();
create trigger touch_dashboard_gone after delete on core.rate_card
referencing old table as prices
for each statement execute function ops.touch_storage();

create function ops.touch_store() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' or new.warehouse is distinct from old.warehouse then
        insert into ops.dashboard_touched (merchant_id, kind, key)
        values (new.merchant_id, 'store', new.store_id);
    end if;
    return null;
end
$$;
create trigger touch_dashboard after insert or update of warehouse on core.store
for each row execute function ops.touch_store();

-- What waits for a person is summed up by every page: from the index alone.
create index claim_waits on core.claim (merchant_id, status, due_at) include (amount, paid_amount, unit_id)
where status in ('draft', 'ready', 'sent', 'accepted');
create index discrepancy_waits on core.discrepancy (merchant_id, kind)
include (owner, money_at_risk, opened_at, due_at, unit_id)
where status = 'open';
create index return_case_unquantified on core.return_case (merchant_id) include (units_lo, units_hi)
where quantity is null and closed_at is null;
