-- ops.pace: reserve the next turns of a token; the answer is how long to wait for the first of them.
insert into ops.pace as kept (token_key, next_at)
values (%(token_key)s, clock_timestamp() + make_interval(secs => %(seconds)s))
on conflict (token_key) do update
    set next_at = greatest(kept.next_at, clock_timestamp()) + make_interval(secs => %(seconds)s)
returning
    extract(epoch from kept.next_at - clock_timestamp())::double precision - %(seconds)s as wait_seconds;
