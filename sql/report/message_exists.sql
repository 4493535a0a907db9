select 1 as found
from ops.outbox
where message_key = %(message_key)s;
