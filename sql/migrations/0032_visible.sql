-- Nothing silent: what became of a record put aside, fields that Kaspi changed, alerts that end by themselves,
-- and files that wait for a person's yes.

insert into ops.setting (name, value, meaning) values
('freshness_minutes', '45', 'a merchant whose last complete, published sweep began earlier raises an alert');

alter table ops.quarantine drop constraint quarantine_status_check;
alter table ops.quarantine
add constraint quarantine_status_check check (status in ('open', 'replayed', 'resolved', 'dismissed')),
add column last_seen timestamptz,
add column times_seen integer not null default 1 check (times_seen > 0);
update ops.quarantine set last_seen = first_seen;
alter table ops.quarantine alter column last_seen set not null;
create index quarantine_unsettled on ops.quarantine (merchant_id, source) where status in ('open', 'replayed');
comment on column ops.quarantine.status is
'open: nobody looked yet; replayed: to be judged again; resolved: a good version was published; dismissed: a person
decided that it is right to ignore. Failing again makes all but an unchanged dismissed one open again.';
comment on column ops.quarantine.last_seen is 'The clock of the last run that put it aside.';
comment on column ops.quarantine.times_seen is 'Runs that put it aside.';

-- Append-only: who did what to a record, and when.
create table ops.quarantine_action (
    action_id bigint generated always as identity primary key,
    quarantine_id bigint not null references ops.quarantine on delete cascade,
    action text not null check (action in ('replayed', 'dismissed', 'reopened', 'resolved')),
    actor text not null check (actor <> ''),
    reason text,
    at timestamptz not null
);
create index quarantine_action_of on ops.quarantine_action (quarantine_id);
comment on column ops.quarantine_action.actor is 'A user of Airflow or of the command; ''pipeline'' or a run.';

-- Orders to read by their own path: they may be older than any sweep.
create table ops.reread (
    merchant_id text not null,
    order_id text not null,
    code text,
    asked_at timestamptz not null,
    asked_by text not null,
    primary key (merchant_id, order_id)
);
comment on table ops.reread is 'Orders that a replay asked for; a row goes when the order was read.';

create table ops.schema_drift (
    id bigint generated always as identity primary key,
    merchant_id text not null,
    source text not null,
    kind text not null check (kind in ('new', 'missing', 'retyped')),
    path text not null,
    detail text not null,
    first_seen timestamptz not null,
    last_seen timestamptz not null,
    last_dag_id text not null,
    last_run_id text not null,
    examples integer not null,
    example_order_id text,
    acknowledged_at timestamptz,
    acknowledged_by text,
    unique (merchant_id, source, path, kind, detail),
    check ((acknowledged_at is null) = (acknowledged_by is null))
);
comment on table ops.schema_drift is
'Fields of payloads that are new, missing or of another type: names and JSON types, never a value.';
comment on column ops.schema_drift.examples is 'Payloads of the last run that had it.';

alter table ops.alert add column told_at timestamptz;
comment on table ops.alert is
'One row a trouble: active while cleared_at is null; the same trouble after that is raised anew.';
comment on column ops.alert.told_at is 'When the mail about this activation was written; NULL: not yet.';

-- A file between its preview and a person''s yes: the needed columns only, for a day.
create table ops.upload (
    upload_id uuid primary key default gen_random_uuid(),
    merchant_id text not null references core.merchant,
    kind text not null check (kind in ('applications')),
    actor text not null check (actor <> ''),
    file_name text not null,
    file_sha256 bytea not null,
    body bytea not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    accepted_at timestamptz
);
create index upload_expires on ops.upload (expires_at);
comment on column ops.upload.body is 'The file as CSV, less every column that is not needed: none is personal.';
comment on column ops.upload.file_sha256 is 'Of the file as it was sent.';
