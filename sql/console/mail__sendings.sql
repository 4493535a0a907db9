-- What was done with an archived mail after it was written: decisions of people, and copies that were sent.
select
    action.at,
    action.action,
    action.actor,
    action.reason,
    null as recipient,
    null as status
from ops.sending_action as action
where action.queue = 'mail' and action.message_key = %(message_key)s
union all
select
    coalesce(copy.sent_at, copy.created_at) as at,
    'copy' as action,
    null as actor,
    copy.last_error as reason,
    copy.recipient,
    copy.status
from ops.outbox as copy
where
    copy.kind = 'kpi_weekly_again'
    and copy.merchant_id = coalesce(%(merchant_id)s, 'all')
    and copy.message_key like %(message_key)s || '/again/%%'
order by at, action;
