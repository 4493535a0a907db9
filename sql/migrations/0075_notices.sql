-- Notices: the buyer is told once that his goods arrived. A row names the case, the template and what the text says of
-- the goods; whom it goes to stands in core.contact, sealed, and is opened for the moment of sending only.

alter table core.merchant add column notice_connection_id text;
comment on column core.merchant.notices is 'Whether his buyers are told; off is off for what waits already, too.';
comment on column core.merchant.notice_connection_id is
'Airflow''s connection of the channel that tells his buyers; NULL: notices_<merchant>.';

create table ops.notice (
    notice_key text primary key,
    notice_id bigint generated always as identity unique,
    merchant_id text not null references core.merchant,
    case_id uuid not null,
    order_id text,
    template text not null check (template in ('arrived')),
    params jsonb not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    status text not null default 'queued'
    check (status in ('queued', 'sending', 'sent', 'unknown', 'dead', 'dismissed')),
    channel text,
    attempts integer not null default 0 check (attempts >= 0),
    next_try_at timestamptz not null,
    sent_at timestamptz,
    reason text,
    doubtful boolean not null default false,
    check (status not in ('sending', 'sent') or channel is not null),
    check ((status = 'sent') = (sent_at is not null))
);
create index notice_waiting on ops.notice (merchant_id, next_try_at) where status in ('queued', 'sending');
create index notice_undecided on ops.notice (merchant_id, notice_id) where status in ('unknown', 'dead');
create index notice_case on ops.notice (case_id);
create index notice_contact on ops.notice (merchant_id, order_id) where order_id is not null;
comment on table ops.notice is
'One row a notice to a buyer; the key makes a second one impossible. Neither his address nor the text with his name is
here: order_id names his row in core.contact and is emptied when that is erased.';
comment on column ops.notice.params is 'What the text says of the goods, never of the buyer; fixed by the first try.';
comment on column ops.notice.channel is 'The connection it was last tried over.';
comment on column ops.notice.status is
'queued: to be sent at next_try_at. sending: begun, nothing known yet. sent: the gateway took it. unknown: its answer
was lost, a person decides. dead: it cannot be sent, a person decides. dismissed: rightly not sent.';
comment on column ops.notice.doubtful is
'The answer to a try was lost, and nobody looked since: it is only repeated over a channel that removes repetitions.';
comment on column ops.notice.reason is
'Why it is not sent, a code: never what a gateway answered, which may quote him.';

-- Append-only: who decided what about a notice or a mail whose outcome is not known or that could not be sent.
create table ops.sending_action (
    action_id bigint generated always as identity primary key,
    queue text not null check (queue in ('notice', 'mail')),
    message_key text not null,
    action text not null check (action in ('again', 'sent', 'dismissed')),
    was text not null,
    actor text not null check (actor <> ''),
    reason text,
    at timestamptz not null
);
create index sending_action_of on ops.sending_action (queue, message_key, action_id);

alter table ops.outbox drop constraint outbox_status_check;
alter table ops.outbox
add constraint outbox_status_check
check (status in ('queued', 'sending', 'sent', 'unknown', 'dead', 'dismissed'));
create index outbox_undecided on ops.outbox (kind) where status in ('unknown', 'dead');

insert into ops.setting (name, value, meaning) values
('notice_quiet_hours', '["21:00", "09:00"]', 'from when to when nobody is sent a notice, Almaty time'),
('notice_hours', '72', 'a notice is sent within so many hours after the goods arrived, or not at all'),
('notice_later_pieces', 'false', 'whether pieces of a case that come after its notice was sent are told, too');

-- A pair of clock times is refused where it is written, not by the next run.
alter table ops.setting
add constraint notice_quiet_hours_are_two_times check (
    case
        when name = 'notice_quiet_hours'
            then
                jsonb_typeof(value) = 'array'
                and jsonb_array_length(value) in (0, 2)
                and not jsonb_path_exists(value, '$[*] ? (!(@ like_regex "^([01][0-9]|2[0-3]):[0-5][0-9]$"))')
        else true
    end
);
