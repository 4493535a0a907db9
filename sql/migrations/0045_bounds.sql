-- What bounds a change of status: when the status before it was asked for, and which orders were read by their numbers.

alter table core.order_observation add column asked_at timestamptz not null default '-infinity';
comment on column core.order_observation.asked_at is
'Not after the request that showed the status was sent: the next change came later. -infinity: nobody noted it.';

create table ops.code_read (
    window_id bigint not null references ops.fetch_window on delete cascade,
    merchant_id text not null,
    order_id text not null,
    asked_at timestamptz not null,
    primary key (window_id, order_id)
);
create index code_read_of_order on ops.code_read (merchant_id, order_id);
comment on table ops.code_read is
'Orders that were read by their own path and not by a list, each with the moment before it.';

-- Reads of a batch that are not the newest of their order: what status they showed is observed all the same.
create table raw.stage_older_read (
    dag_id text not null,
    run_id text not null,
    merchant_id text not null,
    order_id text not null,
    state text not null,
    status text not null,
    created_at timestamptz,
    window_id bigint not null,
    fetched_at timestamptz not null,
    read_number bigint not null
);
create index stage_older_read_batch on raw.stage_older_read (dag_id, run_id, merchant_id);
comment on table raw.stage_older_read is
'Reads that a newer one has superseded before they were published; emptied with their batch.';

-- Whether an order that looks as it is published was staged otherwise a moment ago.
create index stage_order_of_order on raw.stage_order (merchant_id, order_id);
