-- Applications (заявки): what an operator brings as a file, and what a case learns of it.

create table raw.application_file (
    merchant_id text not null references core.merchant,
    sha256 bytea not null,
    name text not null,
    actor text not null check (actor <> ''),
    taken_at timestamptz not null,
    named_at timestamptz,
    rows integer not null,
    bad_rows integer not null,
    refused text,
    primary key (merchant_id, sha256)
);
comment on table raw.application_file is
'Who brought which file of applications, and when; the same content is taken once.';
comment on column raw.application_file.named_at is
'The latest moment its rows speak of: it was not exported before. NULL without a usable row.';
comment on column raw.application_file.refused is 'Why nothing of it could be read.';

-- One row a content: a row that a later export repeats is the same row. Rows are added and never taken away, so they
-- are also the history of an application's reason, tab and step.
create table raw.application (
    merchant_id text not null,
    application_number text not null,
    row_hash bytea not null,
    order_code text not null,
    master_code text,
    sku text,
    product_name text,
    quantity integer not null,
    reason_code text,
    reason_text text,
    created_at timestamptz not null,
    tab text,
    step text,
    step_at timestamptz,
    return_label text,
    file_sha256 bytea not null,
    line integer not null,
    actor text not null,
    taken_at timestamptz not null,
    named_at timestamptz not null,
    confirmed_at timestamptz not null,
    published_at timestamptz,
    quarantined boolean not null default false,
    primary key (merchant_id, application_number, row_hash),
    foreign key (merchant_id, file_sha256) references raw.application_file
);
create index application_unpublished on raw.application (merchant_id) where published_at is null and not quarantined;
create index application_order on raw.application (merchant_id, order_code);
comment on column raw.application.file_sha256 is 'The file it first came with, at this line.';
comment on column raw.application.named_at is
'The named_at of the newest file that holds it: which of two rows is newer.';
comment on column raw.application.confirmed_at is 'When that file was taken in.';
comment on column raw.application.published_at is
'When its application was last published with it; NULL while it waits, for its order too.';

create view raw.batch_application as
select
    application.*,
    application.application_number || '#' || left(encode(application.row_hash, 'hex'), 16) as row_key
from raw.application
where application.published_at is null and not application.quarantined;
comment on view raw.batch_application is 'Rows that no run has published yet, whoever brought them.';

alter table core.return_case
add column entry_id text,
add column arrived_at timestamptz;
comment on column core.return_case.entry_id is 'The order line that comes back, where it is known.';
comment on column core.return_case.arrived_at is
'When Kaspi says that the goods arrived; the decision''s deadline counts from the earlier of it and our first scan.';

-- Cases of before this migration: the only line of a one-line order.
update core.return_case
set entry_id = only_line.entry_id
from (
    select
        merchant_id,
        order_id,
        min(entry_id) as entry_id
    from core.order_line
    group by merchant_id, order_id
    having count(*) = 1
) as only_line
where return_case.merchant_id = only_line.merchant_id and return_case.order_id = only_line.order_id;

alter table core.order_line add column master_code text;
comment on column core.order_line.master_code is
'Kaspi''s own product code, asked of its directory for orders with an application; empty: the directory has none.';

-- An application as it stands now: the newest of what its rows say.
create table core.application (
    merchant_id text not null,
    application_number text not null,
    order_id text not null,
    case_id uuid not null unique references core.return_case,
    entry_id text,
    order_code text not null,
    master_code text,
    sku text,
    product_name text,
    quantity integer not null check (quantity > 0),
    reason_code text,
    reason_text text,
    stated_reason text not null,
    created_at timestamptz not null,
    tab text,
    step text,
    step_at timestamptz,
    in_transit_at timestamptz,
    arrived_at timestamptz,
    return_label text,
    primary key (merchant_id, application_number),
    foreign key (merchant_id, order_id) references core.customer_order
);
create index application_of_order on core.application (merchant_id, order_id);
create index application_without_line on core.application (merchant_id) where entry_id is null;
comment on column core.application.entry_id is
'The line it is about; NULL: nothing tells, so no piece of it is certain.';
comment on column core.application.quantity is 'As stated; the case expects no more than the line sold.';

-- Which case a piece counts for. It is the one its unit was booked to; but a piece beyond what that case asks for, or
-- of another line, fills an application of its own line that still lacks one: the dock cannot tell them apart, and what
-- came must not be expected again. The unit keeps the case of its birth.
create function core.case_piece(merchant text, orders text[])
returns table (
    unit_id uuid,
    case_id uuid,
    order_id text,
    entry_id text,
    piece integer,
    state text,
    received_at timestamptz,
    surplus boolean
)
language sql stable
as $$
    with booked as (
        select
            unit.unit_id,
            unit.case_id,
            unit.entry_id,
            unit.piece,
            unit.state,
            unit.received_at,
            home.order_id,
            home.entry_id as home_line,
            home.quantity as home_quantity,
            row_number() over (
                partition by unit.case_id, unit.entry_id
                order by unit.received_at asc nulls last, unit.piece asc, unit.unit_id asc
            ) as place
        from core.return_case as home
        inner join ledger.unit on home.case_id = unit.case_id
        where home.merchant_id = merchant and home.order_id = any(orders) and unit.state <> 'cancelled'
    ),

    split as (
        select
            booked.*,
            booked.home_line is null
            or booked.home_quantity is null
            or (booked.entry_id = booked.home_line and booked.place <= booked.home_quantity) as at_home
        from booked
    ),

    stray as (
        select
            split.unit_id,
            split.entry_id,
            row_number() over (
                partition by split.entry_id
                order by split.received_at asc nulls last, split.piece asc, split.unit_id asc
            ) as turn
        from split
        where not split.at_home
    ),

    lacking as (
        select
            asking.case_id,
            asking.entry_id,
            asking.episode,
            asking.quantity - count(split.unit_id) as missing
        from core.return_case as asking
        left join split
            on asking.case_id = split.case_id and asking.entry_id = split.entry_id and split.at_home
        where
            asking.merchant_id = merchant
            and asking.order_id = any(orders)
            and asking.application_number is not null
            and asking.quantity is not null
            and asking.status <> 'cancelled'
        group by asking.case_id
        having asking.quantity > count(split.unit_id)
    ),

    served as (
        select
            lacking.*,
            sum(lacking.missing) over (partition by lacking.entry_id order by lacking.episode) as upto
        from lacking
    )

    select
        split.unit_id,
        coalesce(served.case_id, split.case_id),
        split.order_id,
        split.entry_id,
        split.piece,
        split.state,
        split.received_at,
        not split.at_home and served.case_id is null
    from split
    left join stray on split.unit_id = stray.unit_id
    left join served
        on
            stray.entry_id = served.entry_id
            and stray.turn > served.upto - served.missing
            and stray.turn <= served.upto
$$;
