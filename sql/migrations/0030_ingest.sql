-- Orders land in raw as they are read; only their typed rows wait in staging. A read is known by its number, so that of
-- two reads of an order in one run the newer one and its lines are published.

drop view raw.batch_order;
drop view raw.batch_order_line;

create sequence raw.read_number increment by 10000 start with 10000;
comment on sequence raw.read_number is
'Numbers the pages as they are read, a block of 10 000 a try: a higher number is a later read.';

delete from raw.stage_order;
delete from raw.stage_order_line;
alter table raw.stage_order
drop column payload,
add column read_number bigint not null;
alter table raw.stage_order_line
add column read_number bigint not null;

create view raw.batch_order as
select *
from raw.stage_order
where
    dag_id = current_setting('qaitarym.dag_id', true)
    and run_id = current_setting('qaitarym.run_id', true);

create view raw.batch_order_line as
select *
from raw.stage_order_line
where
    dag_id = current_setting('qaitarym.dag_id', true)
    and run_id = current_setting('qaitarym.run_id', true);

comment on table raw.order_payload is
'The newest payload of an order with its entries, without the listed personal paths, as it landed.';
-- Nobody searches it by content. As json it keeps the text that came, and costs half of what jsonb does to store.
alter table raw.order_payload alter column payload type json;

alter table core.customer_order add column fetched_at timestamptz not null default '-infinity';
update core.customer_order
set fetched_at = landed.fetched_at
from raw.order_payload as landed
where customer_order.merchant_id = landed.merchant_id and customer_order.order_id = landed.order_id;
comment on column core.customer_order.fetched_at is 'When the published payload was read; -infinity: nobody noted it.';

-- A sweep is a span of creation dates, all six states of which were read until nothing was missing.
drop view ops.sweep;
create table ops.sweep (
    merchant_id text not null,
    dag_id text not null,
    run_id text not null,
    created_from timestamptz not null,
    created_to timestamptz not null,
    started_at timestamptz not null,
    completed_at timestamptz not null,
    long boolean not null,
    seen integer not null,
    counted integer not null,
    stable boolean not null default false,
    published boolean not null default false,
    primary key (merchant_id, dag_id, run_id, created_from, created_to)
);
create index sweep_newest on ops.sweep (merchant_id, started_at desc) where published;
comment on column ops.sweep.seen is 'Different orders on the pages of the six states, created in the span.';
comment on column ops.sweep.counted is 'What Kaspi counted over the six states after they were read.';
comment on column ops.sweep.stable is
'Kaspi counted more than it showed, and reading all lists once more showed nothing new.';
insert into ops.sweep (
    merchant_id, dag_id, run_id, created_from, created_to, started_at, completed_at, long, seen, counted, published
)
select
    fetch_window.merchant_id,
    fetch_window.dag_id,
    fetch_window.run_id,
    fetch_window.created_from,
    fetch_window.created_to,
    min(fetch_window.started_at),
    max(fetch_window.completed_at),
    bool_or(fetch_window.long),
    coalesce(sum(fetch_window.total_count), 0),
    coalesce(sum(fetch_window.total_count), 0),
    coalesce(bool_or(batch.status = 'published'), false)
from ops.fetch_window
left join ops.batch using (merchant_id, dag_id, run_id)
where fetch_window.state <> 'BY_CODE'
group by
    fetch_window.merchant_id, fetch_window.dag_id, fetch_window.run_id, fetch_window.created_from,
    fetch_window.created_to
having count(fetch_window.completed_at) = 6;

-- Which orders of a span were on the pages; kept until the run is published.
create table ops.fetch_seen (
    window_id bigint not null references ops.fetch_window on delete cascade,
    page integer not null,
    order_ids text[] not null,
    primary key (window_id, page)
);
comment on column ops.fetch_seen.order_ids is 'Orders of the page that were created in the span of the window.';

alter table ops.fetch_page add column page_count integer not null default 0;
comment on column ops.fetch_page.page_count is 'Pages of the list, by this page: whether all of them are stored.';

create table ops.pace (
    token_key text primary key,
    next_at timestamptz not null
);
comment on table ops.pace is 'When the next call with a token may begin; the key is a hash of the token.';

create index fetch_window_of_run on ops.fetch_window (dag_id, run_id, merchant_id);

-- What is open is looked for at every run; what is closed only grows.
create index return_case_open on core.return_case (merchant_id, order_id) where closed_at is null;
