-- channel.feed_version: a staged version that may not be served is kept with the reason, and never published.
update channel.feed_version
set
    status = 'held',
    held_reason = %(reason)s
where
    merchant_id = %(merchant_id)s
    and dag_id = %(dag_id)s
    and run_id = %(run_id)s
    and status = 'staged';
