-- What the way of a returned unit costs: a price list whose versions stay as they are, and the costs of every event.

insert into ops.setting (name, value, meaning) values
('resale_days_assumed', '30', 'days a repaired unit is assumed to wait for its buyer, when a further step is judged');

create table core.rate_version (
    version integer primary key check (version > 0),
    sha256 bytea not null unique,
    file_name text not null,
    actor text not null check (actor <> ''),
    loaded_at timestamptz not null
);
comment on table core.rate_version is 'One row a loaded price list; the same content is loaded once.';

create table core.rate_card (
    version integer not null references core.rate_version on delete cascade,
    merchant_id text not null,
    warehouse text not null,
    term text not null check (
        term in (
            'collection', 'receiving', 'inspection', 'repair', 'parts', 'packaging', 'storage', 'channel_fee',
            'write_off'
        )
    ),
    per text not null check (per in ('event', 'minute', 'day', 'piece', 'share')),
    code text not null,
    valid_from date not null,
    amount bigint check (amount >= 0),
    permille integer check (permille between 0 and 1000),
    name_ru text,
    name_kk text,
    name_en text,
    primary key (version, merchant_id, warehouse, term, per, code, valid_from),
    constraint money_or_share check (case when per = 'share' then amount is null else permille is null end),
    constraint a_material_has_a_code_and_names check (
        (per = 'piece') = (code <> '' and name_ru is not null and name_kk is not null and name_en is not null)
        or (per <> 'piece' and name_ru is null)
    )
);
comment on table core.rate_card is
'The price list. Of each scope (merchant or *, warehouse or *) the newest row by valid_from, then version, counts.';
comment on column core.rate_card.valid_from is 'From this Almaty day on.';
comment on column core.rate_card.amount is
'Whole tenge: once, a minute, a day, a piece. NULL without a permille: from this day on there is no such price.';
comment on column core.rate_card.permille is 'A share of the sale in thousandths.';

create table core.unit_cost (
    event_id uuid not null,
    term text not null check (
        term in (
            'collection', 'receiving', 'inspection', 'repair', 'parts', 'packaging', 'channel_fee', 'write_off'
        )
    ),
    code text not null,
    kind text not null check (kind in ('cost', 'unknown', 'taken_back')),
    unit_id uuid not null,
    merchant_id text not null,
    amount bigint,
    rate_version integer references core.rate_version,
    minutes integer,
    detail jsonb not null default '{}',
    booked_at timestamptz not null,
    primary key (event_id, term, code, kind),
    constraint only_the_unknown_has_no_amount check ((kind = 'unknown') = (amount is null))
);
create index unit_cost_unit on core.unit_cost (unit_id);
create index unit_cost_unknown on core.unit_cost (merchant_id, event_id) where kind = 'unknown';
comment on table core.unit_cost is
'Append-only. A cost that is unknown gets a second row of the same code when it becomes known; what a voided event had
cost is taken back by a row with the amount reversed.';
comment on column core.unit_cost.code is
'event, minute, share, goods, goods_found, piece:<material>; empty: the whole term of the event.';
comment on column core.unit_cost.booked_at is 'The clock of the run or of the desk that booked it.';

create function core.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '%.% is append-only', tg_table_schema, tg_table_name;
end
$$;
create trigger append_only before update or delete or truncate on core.unit_cost
for each statement execute function core.refuse_change();

-- A version may be withdrawn only while nobody has used it: no cost names it and none of its days has come.
create function core.refuse_used_version() returns trigger language plpgsql as $$
begin
    if
        exists (select from core.unit_cost where unit_cost.rate_version = old.version)
        or old.valid_from <= (select (max(run.now_at) at time zone 'Asia/Almaty')::date from ops.run as run)
    then
        raise exception 'version % of the price list is in use: load a new version instead', old.version;
    end if;
    return old;
end
$$;
create trigger unused_only before delete on core.rate_card
for each row execute function core.refuse_used_version();
create trigger unchanged before update or truncate on core.rate_card
for each statement execute function core.refuse_change();
create index unit_cost_version on core.unit_cost (rate_version) where rate_version is not null;
create index run_now on ops.run (now_at);

-- The events that must cost something, as include/domain/money.py has them (a test compares).
create view core.cost_step as
select
    step.type,
    step.term
from (
    values
    ('received', 'collection'),
    ('received', 'receiving'),
    ('unexpected', 'collection'),
    ('unexpected', 'receiving'),
    ('inspected', 'inspection'),
    ('qc_passed', 'inspection'),
    ('qc_failed', 'inspection'),
    ('repacked', 'packaging'),
    ('repaired', 'repair'),
    ('resold', 'channel_fee'),
    ('written_off', 'write_off'),
    ('disposed', 'write_off'),
    ('lost', 'write_off')
) as step (type, term);

-- What was booked before there was a price list costs something, too: nobody knows yet what.
insert into core.unit_cost (event_id, term, code, kind, unit_id, merchant_id, detail, booked_at)
select
    event.event_id,
    step.term,
    case when step.term = 'write_off' then 'goods' else '' end,
    'unknown',
    event.unit_id,
    event.merchant_id,
    '{"why": "no_price"}',
    event.recorded_at
from ledger.unit_event as event
inner join core.cost_step as step on event.type = step.type
where
    not exists (
        select 1
        from ledger.unit_event as correction
        where
            correction.unit_id = event.unit_id
            and correction.type = 'voided'
            and correction.payload ->> 'event_id' = event.event_id::text
    );

-- The price of a day's storage from each day on which it changes, for each merchant's warehouse.
create view core.storage_tariff as
with change as (
    select distinct
        store.merchant_id,
        store.warehouse,
        rate.valid_from as day
    from core.store
    inner join core.rate_card as rate
        on
            rate.term = 'storage'
            and rate.merchant_id in ('*', store.merchant_id)
            and rate.warehouse in ('*', store.warehouse)
),

-- of each scope the newest row counts
scope as (
    select distinct on (change.merchant_id, change.warehouse, change.day, rate.merchant_id, rate.warehouse)
        change.merchant_id,
        change.warehouse,
        change.day,
        rate.merchant_id <> '*' as of_merchant,
        rate.warehouse <> '*' as of_warehouse,
        rate.amount
    from change
    inner join core.rate_card as rate
        on
            rate.term = 'storage'
            and rate.merchant_id in ('*', change.merchant_id)
            and rate.warehouse in ('*', change.warehouse)
            and change.day >= rate.valid_from
    order by
        change.merchant_id asc,
        change.warehouse asc,
        change.day asc,
        rate.merchant_id asc,
        rate.warehouse asc,
        rate.valid_from desc,
        rate.version desc
),

-- of the scopes the closest that has not ended
price as (
    select distinct on (merchant_id, warehouse, day)
        merchant_id,
        warehouse,
        day,
        amount
    from scope
    order by
        merchant_id asc,
        warehouse asc,
        day asc,
        amount is null asc,
        of_merchant desc,
        of_warehouse desc
)

select
    merchant_id,
    warehouse,
    array_agg(day order by day) as days,
    array_agg(amount order by day) as amounts
from price
group by merchant_id, warehouse;

-- A piece's part of its order's delivery, as include/domain/money.py:share_of_parcel has it: the first pieces bear what
-- cannot be divided. place counts from 1.
create function core.share_of_parcel(total bigint, pieces bigint, place bigint)
returns bigint
language sql immutable parallel safe
as $$ select total / nullif(pieces, 0) + case when place <= total % nullif(pieces, 0) then 1 else 0 end $$;

-- The same rule as include/domain/money.py:storage, where a test compares them.
create function core.storage_cost(came date, gone date, days date[], amounts bigint[])
returns bigint
language sql immutable parallel safe
as $$
    select case
        when came is null or gone <= came then 0
        when gone is null then null
        when count(*) = 0 or sum(span.days) < gone - came or bool_or(span.amount is null) then null
        else sum(span.days * span.amount)::bigint
    end
    from (
        select
            least(gone, lead(tariff.day) over (order by tariff.day)) - greatest(came, tariff.day) as days,
            tariff.amount
        from unnest(days, amounts) as tariff (day, amount)
    ) as span
    where span.days > 0
$$;
comment on function core.storage_cost is
'Tenge for each Almaty day at whose end the unit is still there; NULL where a day has no price.';

create function core.day_of(moment timestamptz)
returns date
language sql stable parallel safe
as $$ select (moment at time zone 'Asia/Almaty')::date $$;

-- The Almaty day up to which storage is counted of units that are still here: that of the newest run.
create view core.known_day as
select core.day_of(max(now_at)) as day
from ops.run;

-- What is booked of each unit, one column a term: the sum, and whether a part of it is not known.
create function core.booked_costs(unit uuid)
returns table (
    collection bigint,
    receiving bigint,
    inspection bigint,
    repair bigint,
    parts bigint,
    packaging bigint,
    channel_fee bigint,
    write_off bigint
)
language sql stable parallel safe
as $$
    with charge as (
        select
            unit_cost.term,
            -- known as soon as any row of the code has an amount
            case when count(unit_cost.amount) > 0 then sum(unit_cost.amount) end as amount
        from core.unit_cost
        where unit_cost.unit_id = unit
        group by unit_cost.event_id, unit_cost.term, unit_cost.code
    )

    select
        case
            when count(*) filter (where charge.term = 'collection' and charge.amount is null) = 0
                then coalesce(sum(charge.amount) filter (where charge.term = 'collection'), 0)::bigint
        end,
        case
            when count(*) filter (where charge.term = 'receiving' and charge.amount is null) = 0
                then coalesce(sum(charge.amount) filter (where charge.term = 'receiving'), 0)::bigint
        end,
        case
            when count(*) filter (where charge.term = 'inspection' and charge.amount is null) = 0
                then coalesce(sum(charge.amount) filter (where charge.term = 'inspection'), 0)::bigint
        end,
        case
            when count(*) filter (where charge.term = 'repair' and charge.amount is null) = 0
                then coalesce(sum(charge.amount) filter (where charge.term = 'repair'), 0)::bigint
        end,
        case
            when count(*) filter (where charge.term = 'parts' and charge.amount is null) = 0
                then coalesce(sum(charge.amount) filter (where charge.term = 'parts'), 0)::bigint
        end,
        case
            when count(*) filter (where charge.term = 'packaging' and charge.amount is null) = 0
                then coalesce(sum(charge.amount) filter (where charge.term = 'packaging'), 0)::bigint
        end,
        case
            when count(*) filter (where charge.term = 'channel_fee' and charge.amount is null) = 0
                then coalesce(sum(charge.amount) filter (where charge.term = 'channel_fee'), 0)::bigint
        end,
        case
            when count(*) filter (where charge.term = 'write_off' and charge.amount is null) = 0
                then coalesce(sum(charge.amount) filter (where charge.term = 'write_off'), 0)::bigint
        end
    from charge
$$;
comment on function core.booked_costs is 'NULL: a step of the term has a cost nobody knows; 0: there was no such step.';
