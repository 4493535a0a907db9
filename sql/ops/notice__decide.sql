-- A person's word about notices nobody knows the end of, and about those that could not be sent.
with chosen as (
    select
        notice_key,
        status
    from ops.notice
    where notice_id = any(%(ids)s::bigint[]) and status = any(%(from_statuses)s)
    for update
),

decided as (
    update ops.notice
    set
        status = %(status)s,
        doubtful = false,
        attempts = case when %(status)s = 'queued' then 0 else notice.attempts end,
        next_try_at = %(now)s,
        -- who wants it sent wants it sent today
        expires_at = case
            when %(status)s = 'queued' then greatest(notice.expires_at, %(now)s::timestamptz + interval '1 day')
            else notice.expires_at
        end,
        sent_at = case when %(status)s = 'sent' then %(now)s::timestamptz end,
        reason = case when %(status)s = 'dismissed' then 'by_a_person' end
    from chosen
    where notice.notice_key = chosen.notice_key
    returning notice.notice_key
)

insert into ops.sending_action (queue, message_key, action, was, actor, reason, at)
select
    'notice',
    chosen.notice_key,
    %(action)s,
    chosen.status,
    %(actor)s,
    %(reason)s,
    %(now)s
from chosen
inner join decided on chosen.notice_key = decided.notice_key;
