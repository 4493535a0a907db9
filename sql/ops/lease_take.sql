-- Take a scope that is free, expired, or held by an earlier try of the same task; but not before one who waits for it.
insert into ops.lease as held (scope, epoch, owner, attempt, expires_at)
values (
    %(scope)s, 1, %(owner)s, %(attempt)s, clock_timestamp() + make_interval(secs => %(seconds)s)
)
on conflict (scope) do update
    set
        epoch = held.epoch + 1,
        owner = excluded.owner,
        attempt = excluded.attempt,
        expires_at = excluded.expires_at,
        waiting = null
    where
    (
        held.expires_at < clock_timestamp()
        and (
            held.waiting is null
            or held.waiting = excluded.owner
            or held.waiting_at < clock_timestamp() - interval '1 second'
        )
    )
    or (held.owner = excluded.owner and held.attempt <= excluded.attempt and held.expires_at >= clock_timestamp())
returning epoch;
