select
    message_key,
    recipient,
    message,
    attempts
from ops.outbox
where kind = %(kind)s and status = 'queued'
order by message_key;
