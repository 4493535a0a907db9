-- ops.outbox: a message under a new key; a key that is taken keeps its first message.
insert into ops.outbox (message_key, merchant_id, kind, recipient, subject, message, sha256, created_at)
values (
    %(message_key)s, %(merchant_id)s, %(kind)s, %(recipient)s, %(subject)s, %(message)s, %(sha256)s, %(now)s
)
on conflict (message_key) do nothing
returning message_key;
