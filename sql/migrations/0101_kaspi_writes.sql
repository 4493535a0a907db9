-- What was written to Kaspi, or would have been: each intention, each step, nothing changed afterwards.

create table ops.kaspi_write (
    write_id uuid primary key,
    merchant_id text not null references core.merchant,
    order_id text not null,
    order_code text not null,
    action text not null check (action in ('ARRIVED_BACKWARD', 'CANCELLED')),
    attempt integer not null check (attempt >= 1),
    dry_run boolean not null,
    request jsonb not null,
    actor text not null check (actor <> ''),
    reason text not null check (reason <> ''),
    asked_at timestamptz not null,
    unique (merchant_id, order_id, action, attempt)
);
create index kaspi_write_asked on ops.kaspi_write (merchant_id, asked_at desc);
create trigger append_only before update or delete or truncate on ops.kaspi_write
for each statement execute function ops.refuse_change();
comment on column ops.kaspi_write.request is 'The body that is sent: order and status, no name and no phone.';
comment on column ops.kaspi_write.reason is 'Why, in the words of whoever asked.';

create table ops.kaspi_write_step (
    write_id uuid not null references ops.kaspi_write,
    seq integer not null,
    step text not null check (
        step in (
            'looked', 'sending', 'accepted', 'unknown', 'dry_run', 'not_needed', 'not_possible', 'refused', 'not_sent',
            'done', 'not_done'
        )
    ),
    at timestamptz not null,
    actor text not null check (actor <> ''),
    status_seen text,
    http_status integer,
    answer text,
    primary key (write_id, seq)
);
-- However often it is tried, by whomever: a write is sent once and ends once.
create unique index kaspi_write_sent_once on ops.kaspi_write_step (write_id) where step = 'sending';
create unique index kaspi_write_ends_once on ops.kaspi_write_step (write_id)
where step in ('dry_run', 'not_needed', 'not_possible', 'refused', 'not_sent', 'done', 'not_done');
create trigger append_only before update or delete or truncate on ops.kaspi_write_step
for each statement execute function ops.refuse_change();
comment on column ops.kaspi_write_step.status_seen is 'What the order showed at a read-back.';
comment on column ops.kaspi_write_step.answer is 'Kaspi''s title of a refusal, or the kind of trouble; never a body.';

-- Where each write stands.
create view ops.kaspi_write_now as
select
    kaspi_write.*,
    coalesce(last.step, 'asked') as state,
    coalesce(last.at, kaspi_write.asked_at) as state_at,
    last.answer,
    sent.at as sent_at,
    seen.status_seen,
    coalesce(seen.steps, 0) as steps,
    coalesce(last.step, 'asked') in (
        'dry_run', 'not_needed', 'not_possible', 'refused', 'not_sent', 'done', 'not_done'
    ) as ended
from ops.kaspi_write
left join lateral (
    select
        kaspi_write_step.step,
        kaspi_write_step.at,
        kaspi_write_step.answer
    from ops.kaspi_write_step
    where kaspi_write_step.write_id = kaspi_write.write_id and kaspi_write_step.step <> 'looked'
    order by kaspi_write_step.seq desc
    limit 1
) as last on true
left join ops.kaspi_write_step as sent on kaspi_write.write_id = sent.write_id and sent.step = 'sending'
left join lateral (
    select
        max(kaspi_write_step.seq) as steps,
        (
            array_agg(kaspi_write_step.status_seen order by kaspi_write_step.seq desc)
            filter (where kaspi_write_step.status_seen is not null)
        )[1] as status_seen
    from ops.kaspi_write_step
    where kaspi_write_step.write_id = kaspi_write.write_id
) as seen on true;

-- Nothing is sent for a merchant until somebody has switched it on; the last word counts.
create table ops.kaspi_write_switch (
    id bigint generated always as identity primary key,
    merchant_id text not null references core.merchant,
    action text not null check (action in ('ARRIVED_BACKWARD', 'CANCELLED')),
    live boolean not null,
    actor text not null check (actor <> ''),
    reason text not null check (reason <> ''),
    at timestamptz not null
);
create index kaspi_write_switch_last on ops.kaspi_write_switch (merchant_id, action, id desc);
create trigger append_only before update or delete or truncate on ops.kaspi_write_switch
for each statement execute function ops.refuse_change();
