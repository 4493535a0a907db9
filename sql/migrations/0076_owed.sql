-- What merchants owe: the clock of the decision after arrival, and what they were told of it and of claims.

create table core.decision_clock (
    case_id uuid primary key references core.return_case,
    merchant_id text not null references core.merchant,
    started_at timestamptz not null,
    due_at timestamptz not null,
    settled_at timestamptz,
    check (started_at < due_at)
);
create index decision_clock_running on core.decision_clock (merchant_id, due_at) where settled_at is null;
comment on table core.decision_clock is
'One row a customer''s return that arrived: until due_at the merchant decides, then Kaspi refunds by itself.';
comment on column core.decision_clock.started_at is 'The earlier of Kaspi''s word that it arrived and our first scan.';
comment on column core.decision_clock.due_at is
'The end of the last working day (ops.setting: decision_working_days, calendar_changes), Almaty time.';
comment on column core.decision_clock.settled_at is 'When we first knew that he decided, or that nothing is to decide.';

-- What a merchant is told, once a subject and kind. Rows without a mail go into his next one.
create table ops.merchant_notice (
    merchant_id text not null references core.merchant,
    subject text not null,
    kind text not null check (
        kind in (
            'decision_owed', 'decision_near', 'decision_passed', 'claim_new', 'claim_near', 'claim_expired'
        )
    ),
    order_code text,
    amount bigint,
    due_at timestamptz not null,
    found_at timestamptz not null,
    message_key text references ops.outbox,
    primary key (merchant_id, subject, kind)
);
create index merchant_notice_untold on ops.merchant_notice (merchant_id) where message_key is null;
create index merchant_notice_mail on ops.merchant_notice (message_key);
comment on column ops.merchant_notice.subject is 'case/<case_id> or claim/<claim_id>.';
comment on column ops.merchant_notice.message_key is 'The mail that tells it; NULL: it waits for the next one.';

insert into ops.setting (name, value, meaning) values
('decision_near_hours', '24', 'a merchant is reminded of a decision so many hours before its deadline'),
('owed_mail_hours', '4', 'a merchant gets at most one mail about what he owes in so many hours'),
(
    'calendar_changes',
    '{}',
    'days of Kazakhstan''s calendar moved by decree, for instance {"2027-01-04": "off", "2027-01-09": "working"}'
);
alter table ops.setting
add constraint calendar_changes_are_days check (
    case
        when name = 'calendar_changes'
            then
                jsonb_typeof(value) = 'object'
                and not jsonb_path_exists(value, '$.* ? (@ != "off" && @ != "working")')
                and not jsonb_path_exists(
                    value, '$.keyvalue() ? (!(@.key like_regex "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"))'
                )
        else true
    end
);

create index return_case_arrived on core.return_case (merchant_id, arrived_at) where arrived_at is not null;
create index outbox_of_merchant on ops.outbox (merchant_id, kind, created_at);
