-- Whose mails these are.
select
    message_key,
    merchant_id
from ops.outbox
where message_key = any(%(keys)s::text[])
order by message_key;
