-- Take a scope that is free, expired, or held by an earlier try of the same task instance.
insert into ops.lease as held (scope, epoch, owner, attempt, expires_at)
values (
    %(scope)s, 1, %(owner)s, %(attempt)s, clock_timestamp() + make_interval(secs => %(seconds)s)
)
on conflict (scope) do update
    set
        epoch = held.epoch + 1,
        owner = excluded.owner,
        attempt = excluded.attempt,
        expires_at = excluded.expires_at
    where
    held.expires_at < clock_timestamp()
    or (held.owner = excluded.owner and held.attempt <= excluded.attempt)
returning epoch;
