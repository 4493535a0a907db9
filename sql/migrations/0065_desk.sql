-- The desk: a source of warehouse events like any other, who may work at it, where things lie, and what they look like.

-- A warehouse believes one system, the desk or the WMS, in each kind of event.
create table core.warehouse (
    warehouse text primary key,
    system_of_record jsonb not null default
    '{"receipt": "wms", "inspection": "wms", "repair": "wms", "qc": "wms", "pick": "wms"}',
    unique (warehouse, system_of_record),
    constraint every_kind_has_one_system check (
        (
            system_of_record ->> 'receipt' in ('wms', 'desk')
            and system_of_record ->> 'inspection' in ('wms', 'desk')
            and system_of_record ->> 'repair' in ('wms', 'desk')
            and system_of_record ->> 'qc' in ('wms', 'desk')
            and system_of_record ->> 'pick' in ('wms', 'desk')
            and system_of_record - array['receipt', 'inspection', 'repair', 'qc', 'pick'] = '{}'
        ) is true
    )
);
comment on column core.warehouse.system_of_record is
'Whose events of each kind are booked (wms | desk); the other system''s are compared, never booked.';

alter table core.warehouse_source add column warehouse text;
-- a source's warehouse is that of the stores it tells of
with told as (
    select
        event.source,
        store.warehouse,
        count(*) as events
    from core.warehouse_event as event
    inner join core.store on event.merchant_id = store.merchant_id and event.store_id = store.store_id
    group by event.source, store.warehouse
),

most as (
    select distinct on (source)
        source,
        warehouse
    from told
    order by source asc, events desc, warehouse asc
)

update core.warehouse_source
set warehouse = most.warehouse
from most
where warehouse_source.source = most.source;
update core.warehouse_source set warehouse = source
where warehouse is null;

insert into core.warehouse (warehouse, system_of_record)
select distinct on (warehouse)
    warehouse,
    jsonb_build_object(
        'receipt', coalesce(system_of_record ->> 'receipt', 'wms'),
        'inspection', coalesce(system_of_record ->> 'inspection', 'wms'),
        'repair', coalesce(system_of_record ->> 'repair', 'wms'),
        'qc', coalesce(system_of_record ->> 'qc', 'wms'),
        'pick', coalesce(system_of_record ->> 'pick', 'wms')
    )
from core.warehouse_source
order by warehouse, source;
insert into core.warehouse (warehouse)
select distinct warehouse
from core.store
on conflict (warehouse) do nothing;
update core.warehouse_source
set system_of_record = warehouse.system_of_record
from core.warehouse
where warehouse_source.warehouse = warehouse.warehouse;

alter table core.warehouse_source
alter column warehouse set not null,
alter column connection_id drop not null,
-- the sources of one warehouse cannot say different things of whom it believes
add foreign key (warehouse, system_of_record)
references core.warehouse (warehouse, system_of_record) on update cascade,
drop constraint warehouse_source_kind_check,
add constraint warehouse_source_kind_check check (kind in ('http_feed', 'file_drop', 'desk')),
add constraint only_the_desk_needs_no_connection check ((kind = 'desk') = (connection_id is null));
create unique index one_desk_a_warehouse on core.warehouse_source (warehouse) where kind = 'desk';
comment on table core.warehouse_source is
'Where the events of a warehouse come from. Labels are one space a warehouse, whoever printed them.';

create table core.zone (
    warehouse text not null references core.warehouse,
    zone text not null,
    purpose text not null check (
        purpose in ('dock', 'quarantine', 'resellable', 'repair', 'unrecoverable', 'active_stock')
    ),
    capacity integer check (capacity > 0),
    primary key (warehouse, zone)
);
comment on column core.zone.capacity is 'Units that fit in; NULL where nobody counted.';
insert into core.zone (warehouse, zone, purpose)
select
    warehouse.warehouse,
    named.purpose,
    named.purpose as of_this_purpose
from core.warehouse
cross join
    unnest(
        array['dock', 'quarantine', 'resellable', 'repair', 'unrecoverable', 'active_stock']
    ) as named (purpose);

-- Who may do what. Airflow says who somebody is.
create table ops.staff_role (
    user_name text not null check (user_name <> ''),
    merchant_id text not null check (merchant_id <> ''),
    role text not null check (role in ('viewer', 'operator', 'inspector', 'supervisor')),
    granted_by text not null check (granted_by <> ''),
    granted_at timestamptz not null,
    primary key (user_name, merchant_id)
);
comment on column ops.staff_role.merchant_id is 'A merchant, or * for all of them.';

create table ops.staff_role_change (
    change_id bigint generated always as identity primary key,
    user_name text not null,
    merchant_id text not null,
    role_before text,
    role_after text,
    actor text not null,
    at timestamptz not null
);
create index staff_role_change_of on ops.staff_role_change (user_name);
comment on table ops.staff_role_change is 'Append-only: every change of ops.staff_role, by whatever way it was made.';

create function ops.keep_staff_role_change() returns trigger language plpgsql
security definer -- nobody writes the trace himself
set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'UPDATE' and new.role = old.role then
        return null;
    end if;
    insert into ops.staff_role_change (user_name, merchant_id, role_before, role_after, actor, at)
    values (
        coalesce(new.user_name, old.user_name),
        coalesce(new.merchant_id, old.merchant_id),
        case when tg_op <> 'INSERT' then old.role end,
        case when tg_op <> 'DELETE' then new.role end,
        -- a change that no code of ours made has the database's user and the database's time
        coalesce(nullif(current_setting('qaitarym.actor', true), ''), session_user),
        coalesce(nullif(current_setting('qaitarym.now', true), '')::timestamptz, clock_timestamp())
    );
    return null;
end
$$;
create trigger keep_change after insert or update or delete on ops.staff_role
for each row execute function ops.keep_staff_role_change();

create function ops.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '%.% is append-only', tg_table_schema, tg_table_name;
end
$$;
create trigger append_only before update or delete or truncate on ops.staff_role_change
for each statement execute function ops.refuse_change();

create table core.photo (
    photo_id uuid primary key,
    unit_id uuid not null,
    event_id text,
    merchant_id text not null,
    jpeg bytea not null,
    sha256 bytea not null,
    width integer not null check (width > 0),
    height integer not null check (height > 0),
    taken_at timestamptz not null,
    actor text not null check (actor <> '')
);
create index photo_unit on core.photo (unit_id, taken_at);
alter table core.photo alter column jpeg set storage external; -- a JPEG does not get smaller
comment on column core.photo.jpeg is 'Encoded anew, without metadata.';
comment on column core.photo.sha256 is 'Of the JPEG as it is kept.';

-- What a scan asks for, however large the ledger is.
create index unit_expected on ledger.unit (merchant_id, sku, requested_at)
where state in ('requested', 'in_transit', 'at_pickup_point');
create index unit_return_order on ledger.unit (return_order_no) where return_order_no is not null;
create index unit_here on ledger.unit (source, state) where received_at is not null and closed_at is null;
create index product_eans on core.product using gin (eans);
