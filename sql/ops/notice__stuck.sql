-- Notices that wait for a person, and those that could not be sent for over an hour though nobody sleeps, are a trouble
-- of their merchant while there are any; so are mails to him that wait for a person. ``all`` is the whole house.
create temporary table if not exists stage_stuck (
    merchant_id text primary key,
    unknown integer not null,
    dead integer not null,
    waiting integer not null
) on commit drop;
truncate stage_stuck;

insert into stage_stuck (merchant_id, unknown, dead, waiting)
select
    stuck.merchant_id,
    count(*) filter (where stuck.status = 'unknown'),
    count(*) filter (where stuck.status = 'dead'),
    count(*) filter (where stuck.status = 'queued')
from (
    select
        notice.merchant_id,
        notice.status
    from ops.notice
    where
        notice.status in ('unknown', 'dead')
        or (
            notice.status = 'queued'
            and not %(quiet)s
            and greatest(notice.next_try_at, %(loud_since)s::timestamptz) < %(now)s::timestamptz - interval '1 hour'
        )
    union all
    select
        outbox.merchant_id,
        outbox.status
    from ops.outbox
    where outbox.kind = any(%(mail_kinds)s::text[]) and outbox.status in ('unknown', 'dead')
) as stuck
group by stuck.merchant_id;

insert into ops.alert as known (alert_key, merchant_id, kind, message, raised_at)
select
    'notices_stuck/' || stage_stuck.merchant_id,
    stage_stuck.merchant_id,
    'notices_stuck',
    stage_stuck.merchant_id || ': '
    || stage_stuck.unknown || ' messages of which nobody knows whether they arrived, '
    || stage_stuck.dead || ' that could not be sent, '
    || stage_stuck.waiting || ' that wait for over an hour; docs/runbook.md, section "Notices", says what to do',
    %(now)s
from stage_stuck
order by stage_stuck.merchant_id
on conflict (alert_key) do update
    set
        message = excluded.message,
        raised_at = excluded.raised_at,
        cleared_at = null,
        told_at = null
    where known.cleared_at is not null;

update ops.alert
set cleared_at = %(now)s
where
    cleared_at is null
    and kind = 'notices_stuck'
    and not exists (
        select 1
        from stage_stuck
        where stage_stuck.merchant_id = alert.merchant_id
    );

-- A channel that nothing waits for is no trouble.
update ops.alert
set cleared_at = %(now)s
where
    alert.cleared_at is null
    and alert.kind = 'notice_channel'
    and not exists (
        select 1
        from ops.notice
        inner join core.merchant on notice.merchant_id = merchant.merchant_id
        where
            notice.status = 'queued'
            and 'notice_channel/' || coalesce(merchant.notice_connection_id, 'notices_' || merchant.merchant_id)
            = alert.alert_key
    );
