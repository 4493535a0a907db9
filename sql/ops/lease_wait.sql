-- The first who waits stays the first, as long as he asks.
update ops.lease
set
    waiting = %(owner)s,
    waiting_at = clock_timestamp()
where
    scope = %(scope)s
    and owner <> %(owner)s
    and (waiting is null or waiting = %(owner)s or waiting_at < clock_timestamp() - interval '1 second');
