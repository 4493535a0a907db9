-- A person's word about mails nobody knows the end of, and about those that could not be sent.
with chosen as (
    select
        message_key,
        status
    from ops.outbox
    where message_key = any(%(keys)s) and status = any(%(from_statuses)s)
    for update
),

decided as (
    update ops.outbox
    set
        status = %(status)s,
        attempts = case when %(status)s = 'queued' then 0 else outbox.attempts end,
        sent_at = case when %(status)s = 'sent' then %(now)s::timestamptz end
    from chosen
    where outbox.message_key = chosen.message_key
    returning outbox.message_key
)

insert into ops.sending_action (queue, message_key, action, was, actor, reason, at)
select
    'mail',
    chosen.message_key,
    %(action)s,
    chosen.status,
    %(actor)s,
    %(reason)s,
    %(now)s
from chosen
inner join decided on chosen.message_key = decided.message_key;
