-- What became of the try that this sender began.
update ops.notice
set
    status = %(status)s,
    reason = %(reason)s,
    doubtful = %(doubtful)s,
    next_try_at = %(next_try_at)s,
    sent_at = case when %(status)s = 'sent' then %(now)s::timestamptz end
where notice_key = %(notice_key)s and status = 'sending' and attempts = %(attempts)s;
