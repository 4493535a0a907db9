update ops.outbox
set
    status = %(status)s,
    last_error = %(error)s,
    sent_at = case when %(status)s = 'sent' then %(now)s::timestamptz end
where message_key = %(message_key)s and status = 'sending';
