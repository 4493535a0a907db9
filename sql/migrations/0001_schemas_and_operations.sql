-- The six schemas and everything the pipeline needs to run safely.
create schema raw;
create schema core;
create schema ledger;
create schema channel;
create schema mart;
create schema if not exists ops;

-- One row a run of a DAG: its clock and its range are fixed at the first task and reused by every retry.
create table ops.run (
    dag_id text not null,
    run_id text not null,
    now_at timestamptz not null,
    range_from timestamptz,
    range_to timestamptz,
    opened_at timestamptz not null default clock_timestamp(),
    primary key (dag_id, run_id),
    check (range_from is null or range_from < range_to)
);
comment on table ops.run is 'The business clock and the range of a DAG run, fixed once.';

-- Fencing: a writer proves at every transaction that the epoch it was given is still the newest one.
create table ops.lease (
    scope text primary key,
    epoch bigint not null,
    owner text not null,
    attempt integer not null,
    expires_at timestamptz not null
);
comment on table ops.lease is 'Who may write a scope (<flow>:<merchant>) now; real time, 120 seconds, renewed.';

create table ops.cursor (
    source text not null,
    part text not null,
    cursor text not null,
    moved_at timestamptz not null,
    primary key (source, part)
);
comment on table ops.cursor is
'What was read of a source: how far its feed, or which of its files; moves with what is stored.';

-- One row a swept window of one state; complete when every page of it is stored.
create table ops.fetch_window (
    window_id bigint generated always as identity primary key,
    merchant_id text not null,
    dag_id text not null,
    run_id text not null,
    state text not null,
    created_from timestamptz not null,
    created_to timestamptz not null,
    long boolean not null default false,
    started_at timestamptz,
    completed_at timestamptz,
    total_count integer,
    unique (merchant_id, dag_id, run_id, state, created_from, created_to)
);
create index fetch_window_completed on ops.fetch_window (merchant_id, completed_at);
comment on table ops.fetch_window is
'The sweeps of the Shop API; started_at and completed_at are business time and bound what was seen.';

create table ops.fetch_page (
    window_id bigint not null references ops.fetch_window,
    page integer not null,
    orders integer not null,
    sha256 bytea not null,
    primary key (window_id, page)
);

-- One row a merchant's part of a run: staged, then judged, then published or held.
create table ops.batch (
    dag_id text not null,
    run_id text not null,
    merchant_id text not null,
    status text not null check (status in ('staging', 'staged', 'passed', 'held', 'published', 'failed')),
    rows_staged integer not null default 0,
    rows_quarantined integer not null default 0,
    rows_rejected integer not null default 0,
    judged_to bigint,
    detail text,
    changed_at timestamptz not null default clock_timestamp(),
    primary key (dag_id, run_id, merchant_id)
);
comment on column ops.batch.rows_quarantined is 'Rows that the gate put aside.';
comment on column ops.batch.rows_rejected is 'Records that could not even be staged.';
comment on column ops.batch.judged_to is 'Warehouse events up to this position belong to the part.';
comment on table ops.batch is 'What became of each merchant''s part of a run.';

create table ops.dq_result (
    run_id text not null,
    dag_id text not null,
    merchant_id text not null,
    suite text not null,
    check_name text not null,
    success boolean not null,
    severity text not null check (severity in ('row', 'batch', 'warning')),
    failed_rows integer,
    sample jsonb,
    at timestamptz not null,
    primary key (dag_id, run_id, merchant_id, suite, check_name)
);

create table ops.quarantine (
    id bigint generated always as identity primary key,
    merchant_id text not null,
    source text not null,
    record_key text not null,
    reason text not null,
    pointer text,
    payload jsonb,
    first_seen timestamptz not null,
    status text not null default 'open' check (status in ('open', 'replayed', 'dismissed')),
    unique (merchant_id, source, record_key, reason)
);
comment on table ops.quarantine is
'Records that could not be used, with the reason; personal data is removed before they come here.';

-- Mail and notices: written in the transaction of the fact, sent afterwards, once for each key.
create table ops.outbox (
    message_key text primary key,
    merchant_id text not null,
    kind text not null,
    recipient text not null,
    subject text not null,
    message bytea not null,
    sha256 bytea not null,
    created_at timestamptz not null,
    status text not null default 'queued' check (status in ('queued', 'sending', 'sent', 'unknown', 'dead')),
    attempts integer not null default 0,
    sent_at timestamptz,
    last_error text
);
comment on table ops.outbox is
'message is the whole MIME message; sent is recorded only after the server accepted it.';

create table ops.alert (
    alert_key text primary key,
    merchant_id text not null,
    kind text not null,
    message text not null,
    raised_at timestamptz not null,
    cleared_at timestamptz
);

-- What differs between installations and is no secret.
create table ops.setting (
    name text primary key,
    value jsonb not null,
    meaning text not null
);
insert into ops.setting (name, value, meaning) values
('return_requested_reading', '"both"', 'how KASPI_DELIVERY_RETURN_REQUESTED is read: undelivered | after_sale | both'),
('overdue_days', '14', 'an expected unit is overdue after so many days'),
('lost_days', '45', 'an expected unit is lost after so many days'),
('decision_working_days', '3', 'Kaspi refunds by itself after so many working days from arrival'),
('resale_discount_percent', '7.5', 'discount of a resale offer, 5 to 10'),
('quarantine_share_limit', '0.05', 'above this share of quarantined rows the whole batch is held'),
('quarantine_least_rows', '5', 'fewer quarantined rows than this never hold a batch'),
('inbox_hours', '24', 'an early event waits so long for its predecessor'),
('contact_days', '45', 'name and phone are erased so many days after hand-over unless a case is open'),
('signal_fdr', '0.10', 'promised false discovery rate of signals');
