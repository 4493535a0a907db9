-- The archive of the weekly mail: the bytes as they were sent, and the numbers in them, which can be computed again as
-- they were known then.

create table ops.weekly_mail (
    mail_id bigint generated always as identity primary key,
    message_key text not null unique,
    merchant_id text,
    week_start date not null check (extract(isodow from week_start) = 1),
    version integer not null,
    message_id text not null unique,
    language text not null,
    recipient text not null,
    subject text not null,
    known_at timestamptz not null,
    known_on date not null check (known_on = (known_at at time zone 'Asia/Almaty')::date),
    message bytea not null,
    sha256 bytea not null check (sha256 = sha256(message)),
    numbers jsonb,
    unique nulls not distinct (merchant_id, week_start, version)
);
comment on table ops.weekly_mail is
'Append-only: one row a reader, week and KPI version. How it fared is in ops.outbox.';
comment on column ops.weekly_mail.merchant_id is 'NULL is the mail about all merchants.';
comment on column ops.weekly_mail.message is 'The whole MIME message, byte by byte as the mail server got it.';
comment on column ops.weekly_mail.known_at is 'The clock of its run: the mail says nothing that was recorded later.';
comment on column ops.weekly_mail.numbers is 'Every number in it; NULL: it was sent before numbers were kept.';
create trigger append_only before update or delete or truncate on ops.weekly_mail
for each statement execute function ops.refuse_change();

insert into ops.weekly_mail (
    message_key, merchant_id, week_start, version, message_id, language, recipient, subject, known_at, known_on,
    message, sha256
)
with told as (
    select
        outbox.*,
        split_part(outbox.message_key, '/', 3)::date as week_start,
        substr(split_part(outbox.message_key, '/', 4), 2)::integer as version
    from ops.outbox
    where outbox.kind = 'kpi_weekly'
)

select
    told.message_key,
    nullif(told.merchant_id, 'all'),
    told.week_start,
    told.version,
    format('<kpi.%s.%s.v%s@qaitarym>', told.merchant_id, to_char(told.week_start, 'YYYYMMDD'), told.version),
    coalesce(merchant.locale, 'ru'),
    told.recipient,
    told.subject,
    told.created_at,
    (told.created_at at time zone 'Asia/Almaty')::date,
    told.message,
    told.sha256
from told
left join core.merchant on told.merchant_id = merchant.merchant_id
order by told.created_at, told.message_key;

-- What the weekly marts said when a part was published: a later run of the same day or week replaces their rows.
create table ops.weekly_known (
    part text not null,
    what text not null check (what in ('kpi', 'signal', 'unquantified')),
    known_at timestamptz not null,
    rows jsonb not null check (jsonb_typeof(rows) = 'array'),
    primary key (part, what, known_at)
);
comment on table ops.weekly_known is
'Append-only: the KPIs of the whole assortment, the signals of the week and the unquantified cases of a part, as the
weekly run of that clock published them. Written where they are new or differ from what was known before.';
create trigger append_only before update or delete or truncate on ops.weekly_known
for each statement execute function ops.refuse_change();

-- The events that counted at a moment, by what was recorded until then.
create function ledger.known_event(known_at timestamptz)
returns setof ledger.unit_event
language sql stable
as $$
    select unit_event.*
    from ledger.unit_event
    where
        unit_event.type <> 'voided'
        and unit_event.recorded_at <= known_at
        and not exists (
            select 1
            from ledger.unit_event as correction
            where
                correction.unit_id = unit_event.unit_id
                and correction.type = 'voided'
                and correction.recorded_at <= known_at
                and correction.payload ->> 'event_id' = unit_event.event_id::text
        )
$$;

-- A difference that is opened again has another deadline: each step keeps the one that it left.
alter table core.discrepancy_event add column due_at timestamptz;
comment on column core.discrepancy_event.due_at is 'The deadline that the difference had before this step.';
create or replace function core.keep_discrepancy_event() returns trigger language plpgsql as $$
begin
    insert into core.discrepancy_event (discrepancy_id, seq, status, resolution, note, actor, recorded_at, due_at)
    select
        became.discrepancy_id,
        1 + (
            select count(*)
            from core.discrepancy_event as earlier
            where earlier.discrepancy_id = became.discrepancy_id
        ),
        became.status,
        became.resolution,
        became.note,
        coalesce(nullif(current_setting('qaitarym.actor', true), ''), 'pipeline'),
        case became.status
            when 'resolved' then became.resolved_at
            else coalesce(became.reopened_at, was.resolved_at)
        end,
        was.due_at
    from became
    inner join was on became.discrepancy_id = was.discrepancy_id
    where became.status <> was.status;
    return null;
end
$$;

-- What a difference was about before its money changed while it was open.
create table core.discrepancy_amount (
    discrepancy_id uuid not null references core.discrepancy,
    money_at_risk bigint not null,
    known_until timestamptz not null,
    primary key (discrepancy_id, known_until)
);
comment on table core.discrepancy_amount is 'Append-only: tenge at risk by what was known until a moment.';
create trigger append_only before update or delete or truncate on core.discrepancy_amount
for each statement execute function core.refuse_change();

-- What was known of a clock, and when.
create table core.decision_clock_event (
    event_no bigint generated always as identity primary key,
    case_id uuid not null references core.decision_clock,
    merchant_id text not null,
    due_at timestamptz not null,
    settled_at timestamptz,
    recorded_at timestamptz not null
);
create index decision_clock_event_of on core.decision_clock_event (case_id, recorded_at desc, event_no desc);
create index decision_clock_event_due on core.decision_clock_event (merchant_id, due_at);
comment on table core.decision_clock_event is 'Append-only: every state of a decision''s clock.';
create trigger append_only before update or delete or truncate on core.decision_clock_event
for each statement execute function core.refuse_change();
insert into core.decision_clock_event (case_id, merchant_id, due_at, recorded_at)
select
    case_id,
    merchant_id,
    due_at,
    started_at
from core.decision_clock;
insert into core.decision_clock_event (case_id, merchant_id, due_at, settled_at, recorded_at)
select
    case_id,
    merchant_id,
    due_at,
    settled_at,
    greatest(settled_at, started_at)
from core.decision_clock
where settled_at is not null;
