update ops.outbox
set
    status = 'sending',
    attempts = attempts + 1
where message_key = %(message_key)s and status = 'queued';
