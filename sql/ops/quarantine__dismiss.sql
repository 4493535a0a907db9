with chosen as (
    update ops.quarantine
    set status = 'dismissed'
    where id = any(%(ids)s::bigint[]) and status in ('open', 'replayed')
    returning id
)

insert into ops.quarantine_action (quarantine_id, action, actor, reason, at)
select
    id,
    'dismissed',
    %(actor)s,
    %(reason)s,
    %(now)s
from chosen;
